import type { ClientFrame } from '@parley/protocol';

/** Puts the token on frames: on all of them until the server has shown that it took it, for any may come first. */
export class FrameSender {
  readonly #write: (text: string) => void;
  #token = '';
  #authenticated = false;

  /** @param write - Ignores what it is given while there is no connection. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** A new connection, which knows nobody yet. */
  begin(token: string): void {
    this.#token = token;
    this.#authenticated = false;
  }

  /** The server answered something that only a valid token gets. */
  authenticated(): void {
    this.#authenticated = true;
  }

  /** @param withToken - Also on an authenticated connection: joins and direct messages always carry it. */
  send(frame: ClientFrame, withToken = false): void {
    const bare = this.#authenticated && !withToken;
    this.#write(JSON.stringify(bare ? frame : { ...frame, authToken: this.#token }));
  }
}
