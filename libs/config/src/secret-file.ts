import { readFileSync, statSync } from 'node:fs';

/** Largest file that is read for a secret, bytes: a wrong path may lead to anything. */
const maxBytes = 65_536;

/**
 * The text of a file that holds a secret and nothing else. Line ends behind it are left out, as editors and `echo` put them
 * there.
 *
 * @returns The text, never empty; or what is wrong with the file, in words that go on from "a file that", without its content.
 */
export function readSecretFile(path: string): { text: string } | { problem: string } {
  try {
    const stat = statSync(path);
    // A pipe or a device might never end.
    if (!stat.isFile()) return { problem: 'is not a regular file' };
    if (stat.size > maxBytes) return { problem: `is larger than ${maxBytes} bytes` };
    const text = decode(readFileSync(path))?.replace(/[\r\n]+$/, '');
    if (text === undefined) return { problem: 'is not text in UTF-8' };
    return text.trim() === '' ? { problem: 'is empty' } : { text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problem: code === 'ENOENT' ? 'is not there' : `cannot be read (${code})` };
  }
}

/** Bytes that are no text would be replaced by one and the same sign, and a strong secret by a weak one. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
