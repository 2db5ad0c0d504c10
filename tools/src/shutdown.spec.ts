import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Shutdown } from '../lib/shutdown.mjs';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** Something that ends when it is let go. */
function held() {
  let letGo!: () => void;
  const ended = new Promise<void>((resolve) => (letGo = resolve));
  return { ended, letGo };
}

/** Two apps, commands and a Redis that all end only when they are told to; what happens is noted in order. */
function setUp() {
  const notes: string[] = [];
  const note = (what: string) => void notes.push(what);
  const exited = held();
  const commands = held();
  const redisEnds = held();
  const apps = ['logic', 'web'].map((name) => {
    const { ended, letGo } = held();
    return {
      letGo,
      stop: async (deadlineMs: number) => {
        note(`${name} is told to end within ${deadlineMs} ms`);
        await ended;
        note(`${name} has ended`);
      },
      kill: () => note(`${name} is killed`),
    };
  });
  const redis = {
    stop: async (deadlineMs: number) => {
      note(`redis is told to end within ${deadlineMs} ms`);
      await redisEnds.ended;
      note('redis has ended');
    },
  };
  const shutdown = new Shutdown<(typeof apps)[number], typeof redis>({
    say: note,
    exit: (code) => {
      note(`exit ${code}`);
      exited.letGo();
    },
    endCommands: async (graceMs) => {
      note(`commands are ended after ${graceMs} ms`);
      await commands.ended;
    },
  });
  shutdown.apps.push(...apps);
  shutdown.redis = Promise.resolve(redis);
  shutdown.releaseLock = () => note('lock released');
  shutdown.step = { stop: () => note('spinner stopped') };
  return { shutdown, notes, apps, redis, commands, redisEnds, exited };
}

/** All that can happen without anybody being let go has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const firstNotes = [
  'spinner stopped',
  'stopping ... (Ctrl-C again: at once)',
  'commands are ended after 4000 ms',
  'logic is told to end within 4000 ms',
  'web is told to end within 4000 ms',
];

describe('a signal', () => {
  it('ends apps and commands together, Redis only after the last of them, and the lock last', async () => {
    const { shutdown, notes, apps, commands, redisEnds, exited } = setUp();
    expect(shutdown.started).toBe(false);
    shutdown.onSignal('SIGTERM');
    expect(shutdown.started).toBe(true);
    await settled();
    expect(notes).toEqual(firstNotes);
    vi.advanceTimersByTime(1_000);
    apps[1]?.letGo();
    commands.letGo();
    await settled();
    expect(notes.slice(5)).toEqual(['web has ended']);
    apps[0]?.letGo();
    await settled();
    expect(notes.slice(6)).toEqual(['logic has ended', 'redis is told to end within 3800 ms']);
    redisEnds.letGo();
    await exited.ended;
    expect(notes.slice(8)).toEqual(['redis has ended', 'stopped', 'lock released', 'exit 0']);
  });

  it('waits for commands as for apps', async () => {
    const { shutdown, notes, apps, commands } = setUp();
    shutdown.onSignal('SIGINT');
    for (const app of apps) app.letGo();
    await settled();
    expect(notes.filter((note) => note.startsWith('redis'))).toEqual([]);
    commands.letGo();
    await settled();
    expect(notes.at(-1)).toMatch(/^redis is told/);
  });

  it('leaves Redis 300 ms, however long the apps took', async () => {
    const { shutdown, notes, apps, commands } = setUp();
    shutdown.onSignal('SIGINT');
    vi.advanceTimersByTime(4_700);
    for (const { letGo } of [...apps, commands]) letGo();
    await settled();
    expect(notes.at(-1)).toBe('redis is told to end within 300 ms');
  });

  it('is the same wish as one before it, unless it is Ctrl-C', async () => {
    const { shutdown, notes } = setUp();
    shutdown.onSignal('SIGINT');
    for (const again of ['SIGTERM', 'SIGHUP', 'parent', 'SIGPIPE']) shutdown.onSignal(again);
    await settled();
    expect(notes).toEqual(firstNotes);
  });

  it('exits also when something cannot be ended, and says so', async () => {
    const { shutdown, notes, redis, apps, commands, exited } = setUp();
    redis.stop = () => Promise.reject(new Error('no right to'));
    shutdown.onSignal('SIGINT');
    for (const { letGo } of [...apps, commands]) letGo();
    await exited.ended;
    expect(notes.slice(-3)).toEqual(['lock released', 'not all was ended: no right to', 'exit 0']);
  });

  it('during the start says nothing of apps that are not there', async () => {
    const { shutdown, notes, commands, redisEnds, exited } = setUp();
    shutdown.apps.length = 0;
    shutdown.onSignal('SIGINT');
    commands.letGo();
    redisEnds.letGo();
    await exited.ended;
    expect(notes).toEqual([
      'spinner stopped',
      'commands are ended after 4000 ms',
      'redis is told to end within 4800 ms',
      'redis has ended',
      'lock released',
      'exit 0',
    ]);
  });
});

describe('a Redis that is being started', () => {
  // It was left running: the signal found no Redis yet, and the process was gone before there was one.
  it('is awaited and ended', async () => {
    const { shutdown, notes, redis, commands, redisEnds, exited } = setUp();
    shutdown.apps.length = 0;
    let found!: () => void;
    shutdown.redis = new Promise((resolve) => (found = () => resolve(redis)));
    shutdown.onSignal('SIGINT');
    commands.letGo();
    redisEnds.letGo();
    await settled();
    expect(notes).not.toContain('exit 0');
    found();
    await exited.ended;
    expect(notes.slice(-3)).toEqual(['redis has ended', 'lock released', 'exit 0']);
  });

  it('and cannot be started keeps nobody', async () => {
    const { shutdown, notes, commands, exited } = setUp();
    shutdown.apps.length = 0;
    shutdown.redis = Promise.reject(new Error('none'));
    shutdown.onSignal('SIGINT');
    commands.letGo();
    await exited.ended;
    expect(notes.slice(-2)).toEqual(['lock released', 'exit 0']);
  });
});

describe('a second Ctrl-C', () => {
  it('kills the apps and the commands at once, and Redis after 200 ms', async () => {
    const { shutdown, notes, commands, redisEnds, exited } = setUp();
    shutdown.onSignal('SIGTERM');
    await settled();
    shutdown.onSignal('SIGINT');
    await settled();
    expect(notes.slice(5)).toEqual([
      'logic is killed',
      'web is killed',
      'commands are ended after 0 ms',
      'redis is told to end within 200 ms',
    ]);
    redisEnds.letGo();
    commands.letGo();
    await exited.ended;
    expect(notes.slice(9)).toEqual(['redis has ended', 'lock released', 'exit 0']);
  });
});

describe('a start that failed', () => {
  it('ends what there is once, and leaves the exit code to its caller', async () => {
    const { shutdown, notes, apps, commands, redisEnds } = setUp();
    const stopped = Promise.all([shutdown.stop(), shutdown.stop()]);
    for (const { letGo } of [...apps, commands, redisEnds]) letGo();
    await stopped;
    expect(notes.slice(0, 5)).toEqual(firstNotes);
    expect(notes.slice(-3)).toEqual(['redis has ended', 'stopped', 'lock released']);
    expect(notes).toHaveLength(10 + 1);
  });
});
