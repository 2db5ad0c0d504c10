/** One line a child process wrote. */
export interface OutputLine {
  stream: 'stdout' | 'stderr';
  /** Without the line break. */
  text: string;
  /** Wall clock, in ms since the epoch. */
  atMs: number;
}

/** Lines kept. Older ones are dropped. */
export const MAX_LINES = 2_000;
/** Longest line kept, in UTF-16 units; the rest of a longer one becomes further lines. */
export const MAX_LINE_CHARS = 16_384;

/** Splits two output streams into lines and keeps the last {@link MAX_LINES}. */
export class LineRing {
  readonly #lines: OutputLine[] = [];
  readonly #unfinished = { stdout: '', stderr: '' };
  readonly #listeners = new Set<(line: OutputLine) => void>();

  /** Takes decoded output as it comes. */
  write(stream: OutputLine['stream'], text: string): void {
    const parts = (this.#unfinished[stream] + text).split('\n');
    let rest = parts.pop() ?? '';
    for (const part of parts) this.#add(stream, part.endsWith('\r') ? part.slice(0, -1) : part);
    while (rest.length > MAX_LINE_CHARS) {
      this.#add(stream, rest.slice(0, MAX_LINE_CHARS));
      rest = rest.slice(MAX_LINE_CHARS);
    }
    this.#unfinished[stream] = rest;
  }

  /** Ends the streams: a last line without a break counts as one. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#unfinished[stream]) this.#add(stream, this.#unfinished[stream]);
      this.#unfinished[stream] = '';
    }
  }

  /** Calls back for every later line. @returns Call it to stop. */
  onLine(listener: (line: OutputLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A copy of the lines kept, oldest first. */
  lines(): OutputLine[] {
    return this.#lines.slice(-MAX_LINES);
  }

  #add(stream: OutputLine['stream'], text: string): void {
    const line = { stream, text, atMs: Date.now() };
    this.#lines.push(line);
    // Dropped in batches: one shift per line would move the whole array each time.
    if (this.#lines.length >= 2 * MAX_LINES) this.#lines.splice(0, this.#lines.length - MAX_LINES);
    for (const listener of [...this.#listeners]) listener(line);
  }
}
