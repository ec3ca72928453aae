/**
 * Classes that are made without `new`, as programs of Node make theirs.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- the constraint of a constructor's parameters, as TypeScript has it
type AnyClass = new (...args: any[]) => object;

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
