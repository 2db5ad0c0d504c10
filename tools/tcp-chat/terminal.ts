import { createInterface, type Interface } from 'node:readline';

/** The keyboard and the screen, or the two ends of a pipe. */
export class Terminal {
  readonly isInteractive = process.stdin.isTTY && process.stdout.isTTY;
  readonly #lines: Interface;
  /** Lines that came before anybody listened: a pipe is faster than a log-in. */
  readonly #early: string[] = [];
  #onLine = (line: string): void => void this.#early.push(line);
  #hasEnded = false;
  #onEnd = (): void => undefined;

  constructor() {
    this.#lines = createInterface({
      input: process.stdin,
      ...(this.isInteractive && { output: process.stdout, prompt: '> ' }),
    });
    this.#lines.on('line', (line) => this.#onLine(line));
    this.#lines.on('close', () => {
      this.#hasEnded = true;
      this.#onEnd();
    });
    this.#lines.on('SIGINT', () => process.exit(0));
  }

  /** Calls with every line, those that have come already first, and once when there are no more. */
  listen(onLine: (line: string) => void, onEnd: () => void): void {
    this.#onLine = (line) => {
      onLine(line);
      this.#prompt();
    };
    for (const line of this.#early.splice(0)) onLine(line);
    this.#onEnd = onEnd;
    if (this.#hasEnded) onEnd();
    this.#prompt();
  }

  /** Writes a line above what is being typed. */
  say(text: string): void {
    if (!this.isInteractive) return void process.stdout.write(`${text}\n`);
    process.stdout.write(`\r\u001b[K${text}\n`);
    if (!this.#hasEnded) this.#lines.prompt(true);
  }

  /** No line is read any more. */
  close(): void {
    this.#lines.close();
  }

  #prompt(): void {
    if (this.isInteractive) this.#lines.prompt();
  }
}
