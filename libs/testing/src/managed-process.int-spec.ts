import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, spawnProcess, type ManagedProcess } from './index.js';
import { isAlive } from './is-alive.js';

async function node(script: string, env?: Record<string, string | undefined>): Promise<ManagedProcess> {
  const child = await spawnProcess({ command: process.execPath, args: ['-e', script], name: 'child', env });
  onTestFinished(async () => {
    await child.kill9();
  });
  return child;
}

const forever = 'setInterval(() => {}, 1000);';

describe('ManagedProcess', () => {
  it('captures both streams, also a last line without a break, and passes the environment', async () => {
    const child = await node("console.error('e1'); process.stdout.write(process.env.MARK + '\\r\\nlast')", {
      MARK: 'm1',
    });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.output().split('\n').sort()).toEqual(['e1', 'last', 'm1']);
    expect(child.lines().find(({ text }) => text === 'e1')?.stream).toBe('stderr');
    expect(child.running).toBe(false);
  });

  it('keeps the last 2,000 lines only', async () => {
    const child = await node('for (let i = 0; i < 9000; i++) console.log(i)');
    await child.exited;
    expect(child.lines()).toHaveLength(2_000);
    expect(child.lines().at(-1)?.text).toBe('8999');
  });

  it('finds a line already written, a later one, and a later one only', async () => {
    const child = await node(
      `console.log('ready 1'); let n = 1; setInterval(() => console.log('tick', n++), 20)`,
    );
    expect(await child.waitForLine(/^ready/)).toBe('ready 1');
    expect(await child.waitForLine(/ready/g)).toBe('ready 1');
    expect(await child.waitForLine((line) => line === 'tick 2')).toBe('tick 2');
    expect(await child.waitForLine(/^tick/, 5_000, 'now')).not.toBe('tick 1');
  });

  it('says what it saw when the line does not come, and does not wait for a dead process', async () => {
    const child = await node(`console.log('other'); ${forever}`);
    await child.waitForLine(/other/);
    await expect(child.waitForLine(/absent/, 30)).rejects.toThrow(/waited 30 ms\n {2}stdout \| other/);
    const ended = await node("console.error('boom'); process.exit(3)");
    await expect(ended.waitForLine(/absent/, 60_000)).rejects.toThrow(/ended with 3\n {2}stderr \| boom/);
  });

  it('terminates, kills, and reports how it ended', async () => {
    const polite = await node(`process.on('SIGTERM', () => process.exit(7)); console.log('up'); ${forever}`);
    await polite.waitForLine(/up/);
    expect(await polite.terminate()).toEqual({ code: 7, signal: null });
    expect(await polite.terminate()).toEqual({ code: 7, signal: null });
    const killed = await node(forever);
    expect(await killed.kill9()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(() => killed.pause()).toThrow(/has ended/);
  });

  it('kills what ignores SIGTERM, and complains', async () => {
    const stubborn = await node(`process.on('SIGTERM', () => {}); console.log('up'); ${forever}`);
    await stubborn.waitForLine(/up/);
    await expect(stubborn.terminate(50)).rejects.toThrow(/still running 50 ms after SIGTERM/);
    expect(isAlive(stubborn.pid)).toBe(false);
  });

  it('pauses and resumes; a paused one can be killed', async () => {
    const child = await node("let n = 0; setInterval(() => console.log('tick', n++), 5)");
    await child.waitForLine(/tick/);
    child.pause();
    await expect(
      child.waitForLine(/tick/, 200, 'now').then(() => child.waitForLine(/tick/, 200, 'now')),
    ).rejects.toThrow();
    child.resume();
    await child.waitForLine(/tick/, 5_000, 'now');
    child.pause();
    expect(await child.kill9()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('refuses a command that does not exist', async () => {
    await expect(spawnProcess({ command: '/nonexistent', name: 'ghost' })).rejects.toThrow(
      /^ghost: cannot start/,
    );
  });

  // Without the exit hook each failed test left its processes running for ever.
  it.each(['process.exit(1)', "process.kill(process.pid, 'SIGTERM')", "throw new Error('test failed')"])(
    'leaves nothing behind, grandchildren included, after %s',
    async (ending) => {
      const library = new URL('./managed-process.ts', import.meta.url).href;
      const grandchild = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(()=>{},1000)'], { stdio: 'inherit' })`;
      const parent = await spawnProcess({
        command: process.execPath,
        args: [
          '--import',
          new URL('./typescript-loader.fixture.mjs', import.meta.url).href,
          '--input-type=module',
          '-e',
          `const { spawnProcess } = await import(${JSON.stringify(library)});
           const child = await spawnProcess({ command: process.execPath,
             args: ['-e', "console.log(" + ${JSON.stringify(grandchild)} + ".pid); setInterval(() => {}, 1000)"] });
           const pid = await child.waitForLine(/^\\d+$/);
           console.log('pids', child.pid, pid);
           setTimeout(() => { ${ending} }, 10);`,
        ],
      });
      onTestFinished(async () => {
        await parent.kill9();
      });
      const pids = (await parent.waitForLine(/^pids/)).split(' ').slice(1).map(Number);
      expect(pids).toHaveLength(2);
      await parent.exited;
      await eventually(() => expect(pids.map(isAlive)).toEqual([false, false]));
    },
  );
});
