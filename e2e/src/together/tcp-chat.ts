import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import type { Stack } from '../stack.js';

const root = resolve(import.meta.dirname, '../../..');
const PATIENCE_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly shown: string;
}

/** The client for the terminal, fed by a pipe. */
export const tcpChat = (running: () => Stack) =>
  describe('npm run tcp-chat', { timeout: 2 * PATIENCE_MS }, () => {
    let stack: Stack;
    let token: string;

    beforeAll(async () => {
      stack = running();
      token = await stack.login('demo');
    });

    /** Runs it with these lines as its input, to the end. */
    function chat(args: readonly string[], lines: readonly string[] = []): Promise<Ended> {
      const { PARLEY_API_PORT: _api, PARLEY_TCP_PORT: _tcp, ...env } = process.env;
      const child = spawn(
        process.execPath,
        [resolve(root, 'tools/run.mjs'), resolve(root, 'tools/tcp-chat.ts'), ...args],
        { cwd: root, env, timeout: PATIENCE_MS },
      );
      let shown = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (shown += text));
      child.stdin.end(lines.map((line) => `${line}\n`).join(''));
      return new Promise((resolve) => child.once('close', (code) => resolve({ code, shown })));
    }
    const here = (user: string, roomId = 1) => [
      ...['--user', user, '--room', String(roomId), '--api', stack.apiUrl],
      ...['--port', String(stack.gateway(1).tcpPort)],
    ];
    const room = async (name: string) => (await stack.api(token).createRoom(name)).roomId;

    it('sends the lines of a pipe, shows them, says who is there, and ends with 0', async () => {
      const roomId = await room('by pipe');
      const { code, shown } = await chat(here('demo2', roomId), [
        'first',
        '/who',
        '  second  ',
        '/quit',
        'never',
      ]);
      expect(shown).toMatch(/^\* demo2 \(\d+\) is in room/m);
      expect(shown).toMatch(/\* 1 online: demo2/);
      expect(shown).toMatch(/demo2: first\n[^]*demo2: second\n/);
      expect(shown).not.toContain('never');
      expect(code).toBe(0);
      const { messages } = await stack.api(token).history(roomId, {});
      expect(messages.map((entry) => 'msg' in entry && entry.msg)).toEqual(['first', 'second']);
    });

    it('does what hosts do, and says what became of it', async () => {
      const roomId = await room('a host at a terminal');
      const { code, shown } = await chat(here('demo', roomId), [
        '/slow 30',
        '/timeout nobody 60',
        '/fly',
        '/help',
      ]);
      expect(shown).toContain('* Who may write: everyone, once in 30 s [1]');
      expect(shown).toContain('! Nobody here is called nobody');
      expect(shown).toContain('! There is no /fly');
      expect(shown).toContain('/timeout');
      expect(code).toBe(0);
    });

    it('says that an act was refused, and ends with 1', async () => {
      const { code, shown } = await chat(here('demo3', await room('no host')), ['/slow 30']);
      expect(shown).toMatch(/^! Not done: /m);
      expect(code).toBe(1);
    });

    it('shows no control characters of others: they move no cursor and recolour nothing', async () => {
      const roomId = await room('coloured');
      const { code, shown } = await chat(here('demo', roomId), ['\u001b[31mred\u0007']);
      expect(shown).toContain('demo: \ufffd[31mred\ufffd');
      expect(shown).not.toContain('\u001b');
      expect(code).toBe(0);
    });

    it.each([
      { args: ['--room', '1'], says: '! --user is missing.' },
      { args: ['--user', 'demo', '--room', '0'], says: '! --room must be a whole number from 1 to' },
      {
        args: ['--user', 'demo', '--port', '70000'],
        says: '! --port must be a whole number from 1 to 65535',
      },
      { args: ['--user', 'demo', '--api', 'nonsense'], says: '! --api must be a URL' },
      { args: ['--nonsense'], says: "! Unknown option '--nonsense'" },
    ])('says what is wrong with $args, without a stack', async ({ args, says }) => {
      const { code, shown } = await chat(args);
      expect(shown).toContain(says);
      expect(shown).not.toMatch(/^\s+at /m);
      expect(code).toBe(1);
    });

    it('says that a log-in was refused, and that nothing runs', async () => {
      const refused = await chat([...here('demo'), '--password', 'wrong']);
      expect([refused.code, refused.shown]).toEqual([1, expect.stringContaining('! Log-in as demo at')]);
      const nowhere = await chat([...here('demo'), '--port', '1']);
      expect([nowhere.code, nowhere.shown]).toEqual([1, expect.stringContaining('127.0.0.1:1')]);
    });

    it('explains itself', async () => {
      const { code, shown } = await chat(['--help']);
      expect(shown).toContain('npm run tcp-chat -- --user <name>');
      expect(code).toBe(0);
    });
  });
