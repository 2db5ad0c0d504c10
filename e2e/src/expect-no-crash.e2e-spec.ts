import { spawnProcess, type ManagedProcess } from '@parley/testing';
import { expect, it } from 'vitest';
import { expectNoCrash } from './expect-no-crash.js';

const node = (script: string): Promise<ManagedProcess> =>
  spawnProcess({ command: process.execPath, args: ['-e', script] });
const judge = (running: ManagedProcess) => () => expectNoCrash([{ app: 'logic', process: running }]);
const forEver = 'setInterval(() => undefined, 1_000); console.log("ready");';

it('fails a suite whose process has logged fatal', async () => {
  const app = await node(`${forEver} console.log('{"level":60,"msg":"fatal"}')`);
  await app.waitForLine(/level/);
  expect(judge(app)).toThrow(/logic \d+ logged fatal:\n.*"msg":"fatal"/);
  await app.kill9();
});

it.each(['process.exit(0)', 'process.exit(3)', 'process.kill(process.pid, "SIGKILL")'])(
  'fails a suite whose process has ended by itself: %s',
  async (script) => {
    const app = await node(`console.log('the last words'); ${script}`);
    await app.exited;
    expect(judge(app)).toThrow(/logic \d+ ended by itself:\n.*the last words/);
  },
);

it('does not hold against a process that it was killed or told to stop', async () => {
  for (const end of ['kill9', 'terminate'] as const) {
    const app = await node(forEver);
    await app.waitForLine(/ready/);
    expect(judge(app)).not.toThrow();
    await app[end]();
    expect(judge(app)).not.toThrow();
  }
});
