/**
 * What stands in the place of an entry point while it is tried whether a test notices that it is gone.
 *
 * @module
 */

/** A function that throws, whatever it is called with. */
function thrower(name: string): () => never {
  return () => {
    throw new Error(`${name} is replaced by a throw`);
  };
}

/**
 * The same function, class or object, all of whose functions throw; what is data stays as it is. With `member`, only this
 * static function of a class does.
 */
export function bitten<T>(real: T, name: string, member?: string): T {
  if (typeof real === "function") return bittenFunction(real, name, member) as T; // the same shape, less what it does
  if (Array.isArray(real)) return real.map((each) => bitten(each, name)) as T; // the same elements, less what they do
  if (typeof real !== "object" || real === null || ArrayBuffer.isView(real)) return real;
  return bittenObject(real, name) as T; // the same members, less what they do
}

function bittenFunction(real: object, name: string, member?: string): object {
  const fail = thrower(name);
  if (member !== undefined) {
    return new Proxy(real, {
      get: (target, property) => property === member ? fail : Reflect.get(target, property),
    });
  }
  return new Proxy(real, {
    apply: fail,
    construct: fail,
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, receiver);
      return typeof value === "function" && property !== Symbol.hasInstance ? fail : value;
    },
  });
}

function bittenObject(real: object, name: string): object {
  // Not a proxy of the object itself: what is frozen there would have to stay the same.
  const value = (property: string | symbol) => {
    const found: unknown = Reflect.get(real, property);
    return typeof found === "function" ? thrower(name) : bitten(found, name);
  };
  return new Proxy({}, {
    get: (_, property) => value(property),
    has: (_, property) => Reflect.has(real, property),
    ownKeys: () => Reflect.ownKeys(real),
    getPrototypeOf: () => Reflect.getPrototypeOf(real),
    getOwnPropertyDescriptor: (_, property) =>
      Reflect.has(real, property)
        ? { value: value(property), enumerable: true, configurable: true, writable: true }
        : undefined,
  });
}
