import type { Redis } from 'ioredis';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerWatch, type Question } from './server-watch.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Info = Record<string, string>;
const READONLY = new Error("READONLY You can't write against a read only replica.");
const NOREPLICAS = new Error('NOREPLICAS Not enough good replicas to write.');

/** What the watch uses of a connection of ioredis. */
class FakeRedis extends EventEmitter {
  status = 'ready';
  readonly stream = { bytesRead: 0 };
  readonly connector = { check: (info: Info): boolean => info['good'] !== 'no' };
  /** Questions, each to be answered by the test. */
  readonly asked: { what: string; answer(reply: unknown): void; fail(error: Error): void }[] = [];
  left = 0;

  role = () => this.ask('role');
  ping = () => this.ask('ping');
  disconnect(reconnect: boolean): void {
    expect(reconnect).toBe(true);
    this.left++;
  }

  private ask(what: string): Promise<unknown> {
    return new Promise((answer, fail) => this.asked.push({ what, answer, fail }));
  }
}

function world() {
  const said: string[] = [];
  let skewMs = 0;
  const watch = new ServerWatch(
    (error, role) => said.push(`${role}: ${error.message}`),
    () => performance.now() + skewMs,
  );
  const add = (role: string, question: Question = 'role') => {
    const redis = new FakeRedis();
    watch.add(redis as unknown as Redis, role, question);
    return redis;
  };
  const judge = (redis: FakeRedis, error: Error) => watch.judge(redis as unknown as Redis, error);
  /** A connection that was led to a server. */
  const at = (server: string, role: string, question: Question = 'role') => {
    const redis = add(role, question);
    expect(redis.connector.check({ role: 'master', run_id: server })).toBe(true);
    return redis;
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { watch, said, add, at, judge, pass, skip: (ms: number) => (skewMs += ms) };
}

describe('a server that a connection is led to', () => {
  it('is used when it is a primary, and when it says nothing of itself', () => {
    const { watch, add, said } = world();
    expect(add('main').connector.check({ role: 'master', run_id: 's1' })).toBe(true);
    expect(add('other').connector.check({})).toBe(true);
    expect([watch.outOfUse, said]).toEqual([undefined, []]);
  });

  it('is not used while it is a replica, which is said until a primary is there', () => {
    const { watch, add, said } = world();
    const main = add('main');
    expect(main.connector.check({ role: 'slave', run_id: 's1' })).toBe(false);
    expect(watch.outOfUse).toBe('read-only replica');
    expect(said).toEqual(['main: the address leads to a read-only replica']);
    expect(main.connector.check({ role: 'master', run_id: 's1' })).toBe(true);
    expect(watch.outOfUse).toBeUndefined();
  });

  it('is not used when ioredis itself would not', () => {
    const { add } = world();
    expect(add('main').connector.check({ role: 'master', good: 'no' })).toBe(false);
  });

  it('is nobody’s business once the connection has ended, or the watch has', () => {
    const { watch, add, said } = world();
    const [ended, other] = [add('ended'), add('other')];
    ended.emit('end');
    expect(ended.connector.check({ role: 'slave' })).toBe(true);
    watch.stop();
    expect(other.connector.check({ role: 'slave' })).toBe(true);
    expect(said).toEqual([]);
  });
});

describe('a refusal', () => {
  it('that says that the server is no primary leaves it with all connections that are there', () => {
    const { at, judge, said } = world();
    const [main, lane] = [at('s1', 'main'), at('s1', 'lane')];
    const elsewhere = at('s2', 'elsewhere');
    expect(judge(main, READONLY)).toBe(true);
    // ioredis itself leaves with the one that was refused.
    expect([main.left, lane.left, elsewhere.left]).toEqual([0, 1, 0]);
    expect(said).toEqual(['lane: left its server: read-only replica']);
    // It is nowhere now: not left again with the next.
    expect(judge(main, READONLY)).toBe(true);
    expect(lane.left).toBe(1);
  });

  it('leaves nothing that is connecting', () => {
    const { at, judge } = world();
    const [main, lane] = [at('s1', 'main'), at('s1', 'lane')];
    lane.status = 'connecting';
    judge(main, READONLY);
    expect(lane.left).toBe(0);
  });

  it('that is about the command leaves nobody', () => {
    const { at, judge } = world();
    const [main, lane] = [at('s1', 'main'), at('s1', 'lane')];
    expect(judge(main, new Error('ERR syntax error'))).toBe(false);
    expect(lane.left).toBe(0);
  });

  it('of a primary that is cut off from its replicas is acted on once in five seconds', () => {
    const { at, judge, said, skip } = world();
    const [main, lane] = [at('s1', 'main'), at('s1', 'lane')];
    expect(judge(main, NOREPLICAS)).toBe(true);
    expect(said).toEqual(['lane: left its server: primary without its replicas']);
    lane.connector.check({ role: 'master', run_id: 's1' });
    skip(4_999);
    expect(judge(main, NOREPLICAS)).toBe(false);
    expect(lane.left).toBe(1);
    skip(1);
    expect(judge(main, NOREPLICAS)).toBe(true);
    expect(lane.left).toBe(2);
    // What is no primary is left at once, every time.
    expect([judge(main, READONLY), judge(main, READONLY)]).toEqual([true, true]);
  });
});

describe('a question', () => {
  it('goes to each connection every second, in the words that it may use', async () => {
    const { at, pass } = world();
    const [main, subscriber, blocking] = [
      at('s1', 'main'),
      at('s1', 'subscriber', 'ping'),
      at('s1', 'blocking', 'none'),
    ];
    await pass(999);
    expect(main.asked).toEqual([]);
    await pass(1);
    expect([main, subscriber, blocking].map(({ asked }) => asked.map(({ what }) => what))).toEqual([
      ['role'],
      ['ping'],
      [],
    ]);
    main.asked[0]?.answer(['master', 0, []]);
    await pass(1_000);
    // One that is not answered is not asked again.
    expect([main.asked.length, subscriber.asked.length]).toEqual([2, 1]);
  });

  it('is not put to a connection that is not ready, or has ended, nor by a watch that has', async () => {
    const { watch, at, pass } = world();
    const [connecting, ended, main] = [at('s1', 'connecting'), at('s1', 'ended'), at('s1', 'main')];
    connecting.status = 'connecting';
    ended.emit('end');
    await pass(1_000);
    expect([connecting.asked.length, ended.asked.length, main.asked.length]).toEqual([0, 0, 1]);
    main.asked[0]?.answer(['master']);
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
    await pass(5_000);
    expect(main.asked).toHaveLength(1);
  });

  it('that is answered by a replica leaves it, with all connections that are there', async () => {
    const { at, pass, said } = world();
    const [main, subscriber] = [at('s1', 'main'), at('s1', 'subscriber', 'ping')];
    await pass(1_000);
    main.asked[0]?.answer(['slave', '127.0.0.1', 1]);
    await pass(0);
    expect([main.left, subscriber.left]).toEqual([1, 1]);
    expect(said.sort()).toEqual([
      'main: left its server: read-only replica',
      'subscriber: left its server: read-only replica',
    ]);
  });

  it('that is answered PONG, or refused, is answered', async () => {
    const { at, pass } = world();
    const [main, subscriber] = [at('s1', 'main'), at('s1', 'subscriber', 'ping')];
    for (let second = 1; second <= 9; second++) {
      await pass(1_000);
      main.asked.at(-1)?.fail(new Error('NOPERM this user has no permissions'));
      subscriber.asked.at(-1)?.answer('PONG');
    }
    expect([main.asked.length, subscriber.asked.length]).toEqual([9, 9]);
    expect([main.left, subscriber.left]).toEqual([0, 0]);
  });

  // A machine that loses its power sends no FIN: TCP tries for a quarter of an hour.
  it('after which nothing at all comes for more than six seconds leaves the server', async () => {
    const { at, pass, said } = world();
    const main = at('s1', 'main');
    await pass(1_000);
    // ioredis gave the command up; that is no answer.
    main.asked[0]?.fail(new Error('Command timed out'));
    await pass(6_000);
    expect(main.left).toBe(0);
    await pass(1_000);
    expect(main.left).toBe(1);
    expect(said).toEqual(['main: left its server: silent']);
    expect(main.asked).toHaveLength(1);
  });

  it('is patient while something comes: a slow server is not a silent one', async () => {
    const { at, pass } = world();
    const main = at('s1', 'main');
    await pass(1_000);
    for (let second = 0; second < 20; second++) {
      if (second % 5 === 4) main.stream.bytesRead++;
      await pass(1_000);
    }
    expect(main.left).toBe(0);
    await pass(8_000);
    expect(main.left).toBe(1);
  });

  it('is a new one on a new connection', async () => {
    const { at, pass } = world();
    const main = at('s1', 'main');
    await pass(6_000);
    main.connector.check({ role: 'master', run_id: 's1' });
    await pass(3_000);
    expect([main.left, main.asked.length]).toEqual([0, 2]);
  });
});

describe('a connection whose server is not the one that the newest was led to', () => {
  it('is left once it is older than three seconds, whatever it is asked', async () => {
    const { at, pass, said, skip } = world();
    // The process has run for a while.
    skip(100_000);
    const old = [at('s1', 'main'), at('s1', 'blocking', 'none')];
    await pass(2_500);
    at('s2', 'late');
    // At the third second it is not older than three.
    await pass(500);
    expect(old.map(({ left }) => left)).toEqual([0, 0]);
    await pass(1_000);
    expect(old.map(({ left }) => left)).toEqual([1, 1]);
    expect(said).toEqual([
      'main: left its server: no longer the server of this address',
      'blocking: left its server: no longer the server of this address',
    ]);
  });

  it('stays when it is the same server, or has not said which it is', async () => {
    const { at, add, pass } = world();
    const [same, unknown] = [at('s1', 'same'), add('unknown')];
    unknown.connector.check({ role: 'master' });
    await pass(2_000);
    at('s1', 'late');
    await pass(5_000);
    expect([same.left, unknown.left]).toEqual([0, 0]);
  });
});
