/** A file of certificates or keys that cannot be used. Its message names the file, and holds nothing of what is in it. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';

  constructor(
    readonly file: string,
    /** In words that go on from the file's name. */
    readonly problem: string,
  ) {
    super(`${file} ${problem}`);
  }
}

/** Why a file could not be read. */
export function unreadable(file: string, error: unknown): TlsFileError {
  const { code } = error as NodeJS.ErrnoException;
  return new TlsFileError(file, code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`);
}
