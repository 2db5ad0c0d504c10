import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** What stands in a page itself, as sources of a content security policy. */
export interface InlineHashes {
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
}

/** Finds the scripts and styles that stand in a page. Nothing else of the kind may run there. */
export function inlineHashes(html: string): InlineHashes {
  const hashes = (element: string) =>
    [...html.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs'))].map(
      ([, content = '']) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`,
    );
  return { scripts: hashes('script'), styles: hashes('style') };
}

/** The hashes of a page that may be built anew while it is served. @param path - Of the file; without it there are none. */
export function hashesOf(path: string): () => Promise<InlineHashes> {
  let known: { readonly atMs: number; readonly hashes: InlineHashes } | undefined;
  return async () => {
    try {
      const { mtimeMs: atMs } = await stat(path);
      if (known?.atMs !== atMs) known = { atMs, hashes: inlineHashes(await readFile(path, 'utf8')) };
      return known.hashes;
    } catch {
      return { scripts: [], styles: [] };
    }
  };
}
