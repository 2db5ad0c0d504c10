import type { ManagedProcess } from '@parley/testing';
import { randomBytes } from 'node:crypto';

/** Put into passwords, message bodies and made-up tokens: it must not come back in a log. Letters and digits, so that no encoding of text changes it. */
export const canary = `canary${randomBytes(6).toString('hex')}`;
/** Leaks quoted in the error. */
const QUOTED_LEAKS = 5;

/** What no log may hold, whoever wrote it. */
const secrets: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a session token', /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/],
  ['a password, a token or a message', new RegExp(canary, 'i')],
  ['bytes that nobody has looked at', /<Buffer [\da-f]{2}|"type":"Buffer"/],
];

/** Reads every line that processes write, for tokens, passwords and message bodies. */
export class LeakWatch {
  private readonly leaks: string[] = [];

  /** @param known - Further secrets of these processes. */
  constructor(private readonly known: readonly string[] = []) {}

  /** From its first line on, when it has just been started. */
  follow(app: string, running: Pick<ManagedProcess, 'onLine' | 'pid'>): void {
    running.onLine(({ text }) => {
      const found = secrets.find(([, pattern]) => pattern.test(text))?.[0];
      const what = found ?? (this.known.some((secret) => text.includes(secret)) ? 'a secret' : undefined);
      if (what !== undefined) this.leaks.push(`${app} ${running.pid} logged ${what}: ${text}`);
    });
  }

  /** @throws {Error} that quotes the lines. */
  expectNone(): void {
    if (this.leaks.length > 0)
      throw new Error(`${this.leaks.length} leak(s):\n${this.leaks.slice(0, QUOTED_LEAKS).join('\n')}`);
  }
}
