import type { Controller } from "../api/controller.js";
import type { RetryStatusElement } from "./element.js";
import type { Texts } from "./texts.js";

/**
 * The attributes of `<retry-status>` in JSX. React 19 sets them as properties;
 * React 18 cannot: use `RetryStatus` of `steadfetch/react` there.
 */
export interface RetryStatusProps {
  /** The controller of the requests to show. */
  controller?: Controller | undefined;
  /** Whether a part of the answer is on the page: a failure is then an interruption. */
  received?: boolean | undefined;
  /** Other texts, such as in another language. */
  texts?: Partial<Texts> | undefined;
  /** Called when a person wants to repeat a failed or stopped request. */
  onretry?: ((event: CustomEvent) => void) | undefined;
}

// Without React there is nothing to extend, and no error that a user would see. The comments that say so are JSDoc
// since others do not get into the .d.ts file.

// biome-ignore-start lint/suspicious/noTsIgnore: an error is expected only where React is not installed
/** @ts-ignore */
type Html<E> = import("react").DetailedHTMLProps<import("react").HTMLAttributes<E>, E>;

interface Elements {
  "retry-status": Html<RetryStatusElement> & RetryStatusProps;
}

/** @ts-ignore */
declare module "react" {
  namespace JSX {
    interface IntrinsicElements extends Elements {}
  }
}
// biome-ignore-end lint/suspicious/noTsIgnore: see above

// Before @types/react 18.2.22 JSX was a global namespace only.
declare global {
  namespace JSX {
    interface IntrinsicElements extends Elements {}
  }
}
