// References that keep nothing alive, where the runtime supports them.

const acts =
  typeof FinalizationRegistry === "function" ? new FinalizationRegistry((act: () => void) => act()) : undefined;

/** A weak reference. In a function of its own: closures of one function keep alive what any of them needs. */
export const weak = <T extends object>(object: T): Pick<WeakRef<T>, "deref"> =>
  typeof WeakRef === "function" ? new WeakRef(object) : { deref: () => object };

/**
 * Calls `act` some time after the object becomes unreachable, unless the token is forgotten before. `act` must not
 * reference the object.
 */
export function whenGone(object: object, act: () => void, token: object): void {
  acts?.register(object, act, token);
}

export function forget(token: object): void {
  acts?.unregister(token);
}
