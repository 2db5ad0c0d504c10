import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes of a socket's path that every Unix takes: macOS has the least, 104 with the end mark. @see unix(4), unix(7) */
const MAX_PATH_BYTES = 103;
const SUFFIX = '.sock';
/** A socket that is younger than this may belong to who is just about to listen, milliseconds. */
const YOUNG_MS = 60_000;

/**
 * Where the processes of one machine and one user have the sockets by which they reach each other. Who may enter the folder may
 * call them, so it is this user's alone.
 */
export class LinkFolder {
  private constructor(private readonly path: string) {}

  /**
   * @param path - @defaultValue one of this user's in the system's folder for temporary files
   * @returns Undefined where a system has no such sockets, or users.
   * @throws When the folder cannot be made, is open to others, or has too long a name: then calls go through Redis.
   */
  static open(path?: string): LinkFolder | undefined {
    const uid = process.getuid?.();
    if (uid === undefined) return undefined;
    const folder = path ?? join(tmpdir(), `parley-${uid}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Not by what a link leads to: who may change the link could lead elsewhere later.
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0)
      throw new Error(`${folder} is not a folder that this user alone may enter`);
    const links = new LinkFolder(folder);
    if (Buffer.byteLength(links.pathOf('')) > MAX_PATH_BYTES)
      throw new Error(`${folder} is too long a name for a folder of sockets`);
    return links;
  }

  /** The socket of who listens to this channel. */
  pathOf(channel: string): string {
    const name = createHash('sha256').update(channel).digest('hex').slice(0, 20);
    return join(this.path, `${name}${SUFFIX}`);
  }

  /**
   * Removes what processes have left that were killed. Whose socket is removed all the same, because it was made and not listened
   * to yet, is called through Redis.
   *
   * @param own - A socket made just now: the age of others is counted from it, by the clock of the file system.
   */
  async sweep(own: string): Promise<void> {
    const nowMs = (await lstat(own)).mtimeMs;
    for (const name of await readdir(this.path)) {
      const path = join(this.path, name);
      if (!name.endsWith(SUFFIX) || path === own) continue;
      const madeAt = await lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      );
      if (nowMs - madeAt > YOUNG_MS && (await isDeserted(path))) await unlink(path).catch(() => undefined);
    }
  }
}

/** Nobody listens to this socket any more. */
export function isDeserted(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
