/** A narrow stand-in for `T`: what is not given fails when it is used, so that no call goes unnoticed. */
export function stub<T extends object>(name: string, given: Partial<T>): T {
  return new Proxy(given, {
    get(target, property) {
      if (property in target) return target[property as keyof typeof target];
      // Asked by `await` and by matchers of any value.
      if (typeof property === 'symbol' || property === 'then' || property === 'toJSON') return undefined;
      throw new Error(`${name}.${property} was not expected`);
    },
  }) as T;
}
