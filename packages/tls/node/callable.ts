/**
 * Classes that are made without `new`, as programs of Node make theirs.
 *
 * @module
 */

/** A class, whatever its constructor takes: `never` is the parameter that every constructor can be given. */
export type AnyClass = new (...args: never[]) => object;

/** A class that can be called too. */
export type CallableClass<Class extends AnyClass> =
  & Class
  & ((...args: ConstructorParameters<Class>) => InstanceType<Class>);

/** The class, which called without `new` makes an instance all the same. */
export function callableClass<Class extends AnyClass>(target: Class): CallableClass<Class> {
  const callable = new Proxy(target, {
    apply: (_target, _this, args) => Reflect.construct(target, args),
  });
  // A proxy of a class is the class, and the handler above makes it callable.
  return callable as CallableClass<Class>;
}
