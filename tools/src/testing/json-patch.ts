/** One step of a JSON patch, as far as Parley's manifests use it. */
export interface PatchStep {
  readonly op: 'add' | 'replace' | 'test';
  readonly path: string;
  readonly value: unknown;
}

/**
 * A manifest as kustomize patches it, for where there is no kustomize.
 *
 * @returns A copy.
 * @throws {Error} for a place that is not there, or has another value than a `test` says.
 * @see RFC 6902
 */
export function patched<T extends object>(manifest: T, steps: readonly PatchStep[]): T {
  const copy = structuredClone(manifest);
  for (const { op, path, value } of steps) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    let at = copy as Record<string, unknown>;
    for (const key of keys) {
      if (typeof at[key] !== 'object' || at[key] === null) throw new Error(`${path}: there is no ${key}`);
      at = at[key] as Record<string, unknown>;
    }
    if (op !== 'add' && !(last in at)) throw new Error(`${path} is not there`);
    if (op === 'test') {
      if (JSON.stringify(at[last]) !== JSON.stringify(value)) throw new Error(`${path} has another value`);
    } else if (Array.isArray(at) && last === '-') at.push(structuredClone(value));
    else at[last] = structuredClone(value);
  }
  return copy;
}
