/** A parsed YAML mapping, or part of one. */
export type Tree = { [key: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `over` on top of `base`; mappings merge, everything else (lists too) is replaced. Neither input is changed. */
export function mergeTrees(base: Tree, over: Tree): Tree {
  const merged: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTree(below) && isTree(value) ? mergeTrees(below, value) : value;
  }
  return merged;
}

/** The value at a dotted path; undefined when any part is missing. */
export function getPath(tree: Tree, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), tree);
}

/** A copy of `tree` with `value` at a dotted path. */
export function withPath(tree: Tree, path: string, value: unknown): Tree {
  const nested = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  return mergeTrees(tree, nested as Tree);
}
