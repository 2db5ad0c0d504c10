import { inspect } from 'node:util';

const redacted = '[redacted]';

/** A value that never prints itself: strings, JSON, template literals and `console.log` show `[redacted]`. */
export class Secret<T extends string = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value. Call it where it is used (signing, connecting), and do not keep the result. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
