import { spawnProcess } from '@parley/testing';
import { expect, it } from 'vitest';
import { canary, LeakWatch } from './leak-watch.js';

async function watched(line: unknown): Promise<LeakWatch> {
  const watch = new LeakWatch(['hush hush']);
  const app = await spawnProcess({
    command: process.execPath,
    args: ['-e', 'console.log(process.argv[1])', typeof line === 'string' ? line : JSON.stringify(line)],
  });
  watch.follow('logic', app);
  await app.exited;
  return watch;
}

it.each([
  ['a session token', { err: { config: `Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIzIn0.${'x'.repeat(43)}` } }],
  ['a password, a token or a message', { parameters: ['x', `my ${canary}!`] }],
  ['a password, a token or a message', `?token=${encodeURIComponent(canary)}`],
  ['bytes', { chunk: Buffer.from('hello') }],
  ['a secret', 'signed with hush hush'],
])('finds %s in a line', async (what, line) => {
  const watch = await watched(line);
  expect(() => watch.expectNone()).toThrow(new RegExp(`^1 leak\\(s\\):\\nlogic \\d+ logged ${what}`));
});

it('has nothing against what is logged otherwise', async () => {
  const watch = await watched({ level: 30, msg: 'ready', ports: { ws: 7000 }, password: '[redacted]' });
  expect(() => watch.expectNone()).not.toThrow();
});
