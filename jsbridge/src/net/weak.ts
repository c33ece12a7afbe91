// What must not be kept alive, where the runtime can tell.

const acts =
  typeof FinalizationRegistry === "function" ? new FinalizationRegistry((act: () => void) => act()) : undefined;

/** Holds on to an object only weakly. In a function of its own: a closure beside another one holds on to what that one needs. */
export const weak = <T extends object>(object: T): Pick<WeakRef<T>, "deref"> =>
  typeof WeakRef === "function" ? new WeakRef(object) : { deref: () => object };

/** Acts some time after nobody can reach the object any more, unless the token is forgotten before. What acts must not reach it, either. */
export function whenGone(object: object, act: () => void, token: object): void {
  acts?.register(object, act, token);
}

export function forget(token: object): void {
  acts?.unregister(token);
}
