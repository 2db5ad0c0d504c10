import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashesOf, inlineHashes } from './inline-hashes.js';

it('are of what stands in the page, and of nothing that it refers to', () => {
  const html =
    '<style>a{}</style><script>1\n2</script><script type="module" src="/x.js"></script><link rel="stylesheet" href="/x.css">';
  // printf 'a{}' | openssl dgst -sha256 -binary | base64
  expect(inlineHashes(html)).toEqual({
    scripts: ["'sha256-tZizpio/fO2xfmbRyzHVPf/uuvXAfixg1eMZcZNv014='"],
    styles: ["'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='"],
  });
  expect(inlineHashes('<p>nothing')).toEqual({ scripts: [], styles: [] });
});

it('follow a page that is built anew, and are none without one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-page-'));
  const path = join(folder, 'index.html');
  const hashes = hashesOf(path);
  try {
    expect(await hashes()).toEqual({ scripts: [], styles: [] });
    writeFileSync(path, '<script>1</script>');
    const first = await hashes();
    expect(first.scripts).toHaveLength(1);
    expect(await hashes()).toBe(first);
    writeFileSync(path, '<script>2</script>');
    utimesSync(path, 1, 1);
    expect((await hashes()).scripts).not.toEqual(first.scripts);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
