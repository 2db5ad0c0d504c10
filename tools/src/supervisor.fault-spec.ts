import { mkdtempSync, rmdirSync, rmSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@parley/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../lib/process-info.mjs';
import { SupervisedApp } from '../lib/supervisor.mjs';

/** No app of these tests takes this long to end: whoever waits for it waits for a mistake. */
const longMs = 60_000;

let cwd: string;
const apps: SupervisedApp[] = [];

beforeEach(() => {
  // The supervisor's own clock; processes and `eventually` keep the real one.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  cwd = mkdtempSync(join(tmpdir(), 'parley-supervisor-'));
});

afterEach(() => {
  for (const app of apps.splice(0)) app.kill();
  vi.useRealTimers();
  rmSync(cwd, { recursive: true, force: true });
});

interface Line {
  readonly msg?: string;
  readonly pid?: number;
  readonly child?: number;
}

/** A supervised fixture; what it does may be changed between two of its lives. */
function supervise(does = '') {
  const env: NodeJS.ProcessEnv = { ...process.env, APP_DOES: does };
  const lines: string[] = [];
  const events: string[] = [];
  const entry = join(import.meta.dirname, 'testing/supervised-app.fixture.mjs');
  const app = new SupervisedApp(
    { name: 'logic', entry, cwd, env },
    {
      onLine: (name, line) => lines.push(`${name}: ${line}`),
      onEvent: (name, what) => events.push(`${name} ${what}`),
    },
  );
  apps.push(app);
  const records = () =>
    lines.filter((line) => line.startsWith('logic: {')).map((line) => JSON.parse(line.slice(7)) as Line);
  return {
    app,
    env,
    lines,
    events,
    /** Those that said `msg`, by now or soon. */
    said: (msg: string, times = 1) =>
      eventually(() => {
        const found = records().filter((record) => record.msg === msg);
        expect(found.length).toBeGreaterThanOrEqual(times);
        return found;
      }),
    eventsOf: (count: number) => eventually(() => expect(events).toHaveLength(count)).then(() => events),
    pid: () => app.pid ?? 0,
  };
}

/** Ends it as a crash does, and waits for the supervisor to have noticed. */
async function crash({ app, events, pid }: ReturnType<typeof supervise>): Promise<string> {
  const known = events.length;
  process.kill(pid(), 'SIGKILL');
  await eventually(() => expect(events.length).toBeGreaterThan(known));
  expect(app.isReady).toBe(false);
  return events.at(-1) ?? '';
}

const gone = (pid: number) => eventually(() => expect(isAlive(pid)).toBe(false));
const isPending = async (promise: Promise<unknown>) =>
  (await Promise.race([promise, Promise.resolve('pending')])) === 'pending';

describe('a supervised app', () => {
  it('is started when it has said that it serves, and not before', async () => {
    const logic = supervise('wait');
    const started = logic.app.start();
    const [up] = await logic.said('up');
    expect(up).toEqual(expect.objectContaining({ pid: logic.pid(), supervised: '1', connected: true, cwd }));
    expect(await isPending(started)).toBe(true);
    expect(logic.app.isReady).toBe(false);
    process.kill(logic.pid(), 'SIGUSR2');
    await started;
    expect(logic.app.isReady).toBe(true);
    expect(logic.app.ports).toEqual({ http: logic.pid() });
    await eventually(() => expect(logic.lines).toContain('logic: on stderr'));
    // Saying it again is no news.
    process.kill(logic.pid(), 'SIGUSR2');
    await logic.said('ready', 2);
    // What says `ready` in time is left alone.
    vi.advanceTimersByTime(longMs);
    expect(logic.events).toEqual([]);
    expect(isAlive(logic.pid())).toBe(true);
  });

  it('has a process group of its own: Ctrl-C reaches only the supervisor', async () => {
    const logic = supervise();
    await logic.app.start();
    expect(() => process.kill(-logic.pid(), 0)).not.toThrow();
  });
});

describe('an app that crashes', () => {
  it('is started again after 250 ms and is back with its new ports', async () => {
    const logic = supervise();
    await logic.app.start();
    const first = logic.pid();
    expect(await crash(logic)).toBe('logic ended with SIGKILL, starting again in 250 ms');
    vi.advanceTimersByTime(249);
    expect(logic.pid()).toBe(first);
    vi.advanceTimersByTime(1);
    expect(await logic.eventsOf(2)).toContain('logic is back');
    expect(logic.pid()).not.toBe(first);
    expect(logic.app.isReady).toBe(true);
    expect(logic.app.ports).toEqual({ http: logic.pid() });
  });

  it('is started ever later, and soon again once it has been ready for 30 s', async () => {
    const logic = supervise();
    await logic.app.start();
    const delays: (string | undefined)[] = [];
    for (const readyForMs of [0, 29_999, 0, 30_000, 0]) {
      vi.advanceTimersByTime(readyForMs);
      delays.push(/(\d+) ms/.exec(await crash(logic))?.[1]);
      vi.advanceTimersByTime(Number(delays.at(-1)));
      await eventually(() => expect(logic.app.isReady).toBe(true));
    }
    expect(delays).toEqual(['250', '500', '1000', '250', '500']);
  });

  it('takes what it had started along: that may hold its port', async () => {
    const logic = supervise('have-a-child');
    await logic.app.start();
    const [{ child = 0 } = {}] = await logic.said('child');
    expect(isAlive(child)).toBe(true);
    await crash(logic);
    await gone(child);
  });

  it('and then cannot be started is tried again: without a process there is no end to wait for', async () => {
    const logic = supervise();
    await logic.app.start();
    rmdirSync(cwd);
    await crash(logic);
    vi.advanceTimersByTime(250);
    // Regression: it was given up silently, for only the end of a process led to the next one.
    expect((await logic.eventsOf(2))[1]).toMatch(
      /^logic could not be started \(.*ENOENT.*\), starting again in 500 ms/,
    );
    mkdirSync(cwd);
    vi.advanceTimersByTime(500);
    expect(await logic.eventsOf(3)).toContain('logic is back');
  });

  it('and then is not ready within 60 s is killed and started again', async () => {
    const logic = supervise();
    await logic.app.start();
    logic.env['APP_DOES'] = 'stay-silent';
    await crash(logic);
    vi.advanceTimersByTime(250);
    await logic.said('up', 2);
    const silent = logic.pid();
    vi.advanceTimersByTime(59_999);
    expect(isAlive(silent)).toBe(true);
    vi.advanceTimersByTime(1);
    expect(await logic.eventsOf(3)).toEqual([
      expect.stringContaining('starting again in 250 ms'),
      'logic not ready after 60 s, starting it again',
      'logic ended with SIGKILL, starting again in 500 ms',
    ]);
    expect(isAlive(silent)).toBe(false);
  });
});

describe('a first start', () => {
  it('that ends three times before it is ready is a mistake: its last lines are shown', async () => {
    const logic = supervise('fail');
    const started = logic.app.start();
    const failure = started.catch((error: Error) => error.message);
    await logic.eventsOf(1);
    vi.advanceTimersByTime(250);
    await logic.eventsOf(2);
    vi.advanceTimersByTime(500);
    const message = await failure;
    expect(message).toMatch(
      /^logic ended with code 3 before it was ready, 3 times\. Its last lines:\n {2}line 11\n/,
    );
    expect(message).toMatch(/\n {2}line 30$/);
    expect(message?.split('\n')).toHaveLength(21);
    expect(vi.getTimerCount()).toBe(0);
  });

  // Five apps said it three times each.
  it('with a wrong configuration is not tried again: its words are shown once', async () => {
    const logic = supervise('be-misconfigured');
    await expect(logic.app.start()).rejects.toThrow(
      /^logic cannot run with this configuration\. Its last lines:\n {2}PARLEY_HOSTT is not a known variable$/,
    );
    expect([logic.events, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it('whose configuration has become wrong meanwhile is not started a third time', async () => {
    const logic = supervise();
    await logic.app.start();
    logic.env['APP_DOES'] = 'be-misconfigured';
    await crash(logic);
    vi.advanceTimersByTime(250);
    await logic.eventsOf(2);
    expect(logic.events[1]).toBe('logic is not started again: its configuration is wrong');
    expect([logic.app.isReady, vi.getTimerCount()]).toEqual([false, 0]);
  });

  it('may fail twice', async () => {
    const logic = supervise('fail');
    const started = logic.app.start();
    await logic.eventsOf(1);
    vi.advanceTimersByTime(250);
    await logic.eventsOf(2);
    logic.env['APP_DOES'] = '';
    vi.advanceTimersByTime(500);
    await started;
    expect(logic.events).toHaveLength(2);
  });

  it('that is not ready after 60 s fails, and leaves nothing behind', async () => {
    const logic = supervise('stay-silent have-a-child');
    const failure = logic.app.start().catch((error: Error) => error.message);
    await logic.said('up');
    const [{ child = 0 } = {}] = await logic.said('child');
    vi.advanceTimersByTime(60_000);
    expect(await failure).toMatch(/^logic was not ready after 60 s\. Its last lines:\n/);
    await Promise.all([gone(logic.pid()), gone(child)]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('whose program cannot be run fails in the same way', async () => {
    const logic = supervise();
    rmdirSync(cwd);
    const failure = logic.app.start().catch((error: Error) => error.message);
    await logic.eventsOf(1);
    vi.advanceTimersByTime(250);
    await logic.eventsOf(2);
    vi.advanceTimersByTime(500);
    expect(await failure).toMatch(/^logic could not be started \(.*ENOENT.*\) before it was ready, 3 times/);
  });
});

describe('stopping an app', () => {
  it('waits for it to finish what it has in hand, and does not start it again', async () => {
    const logic = supervise('drain');
    await logic.app.start();
    const stopped = logic.app.stop(longMs);
    await logic.said('told to end');
    expect(await isPending(stopped)).toBe(true);
    expect(isAlive(logic.pid())).toBe(true);
    process.kill(logic.pid(), 'SIGUSR2');
    await stopped;
    expect(isAlive(logic.pid())).toBe(false);
    expect(logic.events).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('kills one that ignores SIGTERM at the deadline, with all that it started', async () => {
    const logic = supervise('not-end have-a-child');
    await logic.app.start();
    const [{ child = 0 } = {}] = await logic.said('child');
    await logic.app.stop(100);
    expect(isAlive(logic.pid())).toBe(false);
    await gone(child);
    expect(logic.events).toEqual([]);
  });

  it('ends also what outlives an app that ended as told', async () => {
    const logic = supervise('have-a-child');
    await logic.app.start();
    const [{ child = 0 } = {}] = await logic.said('child');
    await logic.app.stop(longMs);
    await gone(child);
  });

  it('does not start one again that fails while it ends', async () => {
    const logic = supervise('fail-to-end');
    await logic.app.start();
    await Promise.all([logic.app.stop(longMs), logic.app.stop(longMs)]);
    expect(logic.events).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes back the restart of one that has crashed', async () => {
    const logic = supervise();
    await logic.app.start();
    await crash(logic);
    await logic.app.stop(longMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends one that is still starting', async () => {
    const logic = supervise('stay-silent drain');
    void logic.app.start();
    await logic.said('up');
    const stopped = logic.app.stop(longMs);
    await logic.said('told to end');
    // It cannot be late any more: nobody waits for it.
    expect(vi.getTimerCount()).toBe(0);
    process.kill(logic.pid(), 'SIGUSR2');
    await stopped;
    expect(isAlive(logic.pid())).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has nothing to do for one that was never started', async () => {
    await supervise().app.stop(longMs);
  });
});

describe('killing an app', () => {
  it('ends it and all that it started at once, for good', async () => {
    const logic = supervise('drain have-a-child');
    await logic.app.start();
    const [{ child = 0 } = {}] = await logic.said('child');
    const stopped = logic.app.stop(longMs);
    await logic.said('told to end');
    logic.app.kill();
    await stopped;
    await gone(child);
    expect(isAlive(logic.pid())).toBe(false);
    expect(logic.events).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes back the restart of one that has crashed', async () => {
    const logic = supervise();
    await logic.app.start();
    await crash(logic);
    logic.app.kill();
    expect(vi.getTimerCount()).toBe(0);
  });
});
