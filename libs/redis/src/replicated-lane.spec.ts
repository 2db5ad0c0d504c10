import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisConnection, RedisConnections } from './connections.js';
import { ReplicatedLane, unsupportedLevel, type AckLevel } from './replicated-lane.js';
import { ReplicatedRoomStore } from './replicated-room-store.js';
import type { AcceptOutcome } from './accept-terms.js';
import { RoomStore } from './room-store.js';
import { send, testKeys, testLimits } from './store.fixture.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A lane's connection: its WAITs are answered by the test. */
class FakeLane extends EventEmitter {
  status = 'ready';
  readonly log: string[] = [];
  readonly waits: { answer(reply: unknown): void; fail(error: Error): void }[] = [];

  async set(...args: unknown[]): Promise<string> {
    this.log.push(`set ${args.join(' ')}`);
    return 'OK';
  }
  wait = (...args: unknown[]) => this.hold(`wait ${args.join(' ')}`);
  call = (...args: unknown[]) => this.hold(args.join(' '));

  private hold(command: string): Promise<never> {
    this.log.push(command);
    return new Promise((answer, fail) =>
      this.waits.push({ answer: answer as (reply: unknown) => void, fail }),
    );
  }
}

function world(level: AckLevel = { replicas: 2, fsync: false }) {
  const redis = new FakeLane();
  const made: unknown[][] = [];
  const connections = {
    createLane: (...args: unknown[]) => (made.push(args), redis),
  } as unknown as RedisConnections;
  const lane = new ReplicatedLane(connections, testKeys('p:'), 'i1', level);
  const outcome = (run: Promise<unknown>) => {
    const seen: { value?: unknown; code?: string } = {};
    run.then(
      (value) => (seen.value = value),
      (error: Error & { code?: string }) => (seen.code = error.code ?? error.message),
    );
    return seen;
  };
  const write = (name: string, mustBeKept = true, reply: () => Promise<unknown> = async () => name) =>
    outcome(
      lane.run(
        () => (redis.log.push(name), reply()),
        () => mustBeKept,
      ),
    );
  /** Until nothing more happens by itself. */
  const settled = () => vi.advanceTimersByTimeAsync(1);
  return { redis, lane, made, write, outcome, settled };
}

const MARK = 'set p:write-check:i1:replicated 1 PX 60000';

describe('a round', () => {
  it('is all writes of a turn in their order, one mark after them, and one WAIT for all', async () => {
    const { redis, write, settled, made } = world();
    const writes = [write('a'), write('b', false), write('c')];
    expect(redis.log).toEqual([]);
    await settled();
    expect(redis.log).toEqual(['a', 'b', 'c', MARK, 'wait 2 800']);
    // Nothing is given out while it lasts.
    expect(writes).toEqual([{}, {}, {}]);
    redis.waits[0]?.answer(2);
    await settled();
    expect(writes).toEqual([{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
    expect(made).toEqual([['replicated', 5_800]]);
  });

  it('begins when the last one has ended, with all that came up meanwhile', async () => {
    const { redis, write, settled } = world();
    write('a');
    await settled();
    write('b');
    await settled();
    write('c');
    await settled();
    expect(redis.log).toEqual(['a', MARK, 'wait 2 800']);
    redis.waits[0]?.answer(5);
    await settled();
    expect(redis.log.slice(3)).toEqual(['b', 'c', MARK, 'wait 2 800']);
    redis.waits[1]?.answer(2);
    await settled();
    expect(write('d')).toEqual({});
    await settled();
    expect(redis.log.slice(7)).toEqual(['d', MARK, 'wait 2 800']);
  });

  it('that too few replicas took in time fails what must be kept, and that alone', async () => {
    const { redis, write, settled } = world();
    const [kept, other, refused] = [
      write('a'),
      write('b', false),
      write('c', true, () => Promise.reject(new Error('refused'))),
    ];
    await settled();
    redis.waits[0]?.answer(1);
    await settled();
    expect([kept, other, refused]).toEqual([{ code: 'NOT_REPLICATED' }, { value: 'b' }, { code: 'refused' }]);
    // The next round is asked anew.
    const next = write('d');
    await settled();
    redis.waits[1]?.answer(2);
    await settled();
    expect(next).toEqual({ value: 'd' });
  });

  it('whose WAIT fails fails what must be kept', async () => {
    const { redis, write, settled } = world();
    const writes = [write('a'), write('b', false)];
    await settled();
    redis.waits[0]?.fail(new Error('READONLY'));
    await settled();
    expect(writes).toEqual([{ code: 'READONLY' }, { value: 'b' }]);
  });

  it('ends with its connection: nobody waits for an answer that cannot come', async () => {
    const { redis, write, settled } = world();
    const [a, b] = [write('a'), write('b', false, () => new Promise(() => undefined))];
    await settled();
    redis.emit('close');
    await settled();
    expect([a, b]).toEqual([{ code: 'connection lost' }, { code: 'connection lost' }]);
    expect(redis.listenerCount('close')).toBe(0);
    const next = write('c');
    await settled();
    redis.waits[1]?.answer(2);
    await settled();
    expect(next).toEqual({ value: 'c' });
    expect(redis.listenerCount('close')).toBe(0);
  });

  it('waits five seconds for a connection', async () => {
    const { redis, write, settled } = world();
    redis.status = 'connecting';
    const late = write('a');
    await vi.advanceTimersByTimeAsync(4_990);
    expect([late, redis.log]).toEqual([{}, []]);
    await vi.advanceTimersByTimeAsync(20);
    expect(late).toEqual({ code: 'no connection' });
    expect(redis.listenerCount('ready')).toBe(0);
    const inTime = write('b');
    await vi.advanceTimersByTimeAsync(4_000);
    redis.emit('ready');
    await settled();
    expect(redis.log).toEqual(['b', MARK, 'wait 2 800']);
    redis.waits[0]?.answer(2);
    await settled();
    expect(inTime).toEqual({ value: 'b' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a round that is to be on disk', () => {
  it.each([
    [[1, 1], 'here and there', { value: 'a' }],
    [[1, 2], 'here and on more', { value: 'a' }],
    [[0, 1], 'there alone', { code: 'NOT_REPLICATED' }],
    [[1, 0], 'here alone', { code: 'NOT_REPLICATED' }],
    [[], 'nowhere', { code: 'NOT_REPLICATED' }],
  ])('%j, %s, ends with %j', async (reply, _where, expected) => {
    const { redis, write, settled } = world({ replicas: 1, fsync: true });
    const written = write('a');
    await settled();
    expect(redis.log).toEqual(['a', MARK, 'WAITAOF 1 1 800']);
    redis.waits[0]?.answer(reply);
    await settled();
    expect(written).toEqual(expected);
  });
});

describe('a look whether it can', () => {
  it.each([
    [2, true],
    [1, 'too few replicas have what is written'],
    [new Error('READONLY'), 'cannot wait for replicas'],
  ])('answered %s is %j', async (reply, verdict) => {
    const { lane, redis, outcome, settled } = world();
    const seen = outcome(lane.check());
    await settled();
    if (reply instanceof Error) redis.waits[0]?.fail(reply);
    else redis.waits[0]?.answer(reply);
    await settled();
    expect(seen).toEqual({ value: verdict });
  });
});

describe('a level', () => {
  const server = (waitaof: unknown, persistence: string) =>
    ({ call: async () => [waitaof], info: async () => persistence }) as unknown as RedisConnection;

  it('without disks can be answered for by every server', async () => {
    expect(await unsupportedLevel(server(null, ''), { replicas: 3, fsync: false })).toBeUndefined();
  });

  it('with disks wants the command and the file', async () => {
    const level = { replicas: 0, fsync: true };
    expect(await unsupportedLevel(server(null, 'aof_enabled:1\r\n'), level)).toContain('WAITAOF');
    expect(await unsupportedLevel(server([], 'x:1\r\naof_enabled:0\r\n'), level)).toContain('append file');
    expect(await unsupportedLevel(server([], 'not_aof_enabled:1\r\n'), level)).toContain('append file');
    expect(await unsupportedLevel(server([], 'x:1\r\naof_enabled:1\r\ny:2'), level)).toBeUndefined();
  });
});

describe('a room store on a lane', () => {
  const outcomes: [AcceptOutcome, boolean][] = [
    [{ kind: 'ok', seq: 1, epoch: 'e', seqsLeft: 1, line: { generation: '', streamId: '1-1' } }, true],
    [{ kind: 'duplicate', seq: 1, epoch: 'e', id: 'i', sentAt: 1, sameText: true }, true],
    [{ kind: 'no-head' }, false],
    [{ kind: 'overloaded' }, false],
    [{ kind: 'ask-archive', scope: 'id' }, false],
  ];

  it.each(outcomes)('accepts there: %j has to be kept: %s', async (outcome, kept) => {
    const accept = vi.spyOn(RoomStore.prototype, 'accept').mockResolvedValue(outcome);
    const rounds: unknown[] = [];
    const lane = {
      redis: {},
      run: async (run: () => Promise<AcceptOutcome>, mustBeKept: (reply: AcceptOutcome) => boolean) => {
        const reply = await run();
        rounds.push(mustBeKept(reply));
        return reply;
      },
    } as unknown as ReplicatedLane;
    const main = {} as RedisConnection;
    const store = new ReplicatedRoomStore(main, testKeys('p:'), testLimits, lane);
    expect(await store.accept(send('a'))).toBe(outcome);
    expect(rounds).toEqual([kept]);
    expect(accept.mock.contexts).not.toContain(store);
    accept.mockRestore();
  });

  it('accepts many there, each waited for by itself; what one fails with is its own', async () => {
    const replies = [['ok', 1, 'e', 9, '7-1', '2.x'], undefined, ['no-head']];
    const away = new Error('away');
    let runs = 0;
    const lane = {
      redis: {
        acceptMessage: () => {
          const reply = replies.shift();
          return reply ? Promise.resolve(reply) : Promise.reject(away);
        },
      },
      run: (run: () => Promise<unknown>) => {
        runs++;
        return run();
      },
    } as unknown as ReplicatedLane;
    const store = new ReplicatedRoomStore({} as RedisConnection, testKeys('p:'), testLimits, lane);
    const outcomes = await store.acceptAll(['a', 'b', 'c'].map((id) => send(id)));
    expect(outcomes).toMatchObject([{ kind: 'ok', seq: 1 }, away, { kind: 'no-head' }]);
    expect(runs).toBe(3);
  });

  it('tells of what was appended there', async () => {
    const reply = ['ok', 1, 'e', 9, '7-1', '2.x'];
    const lane = {
      redis: { acceptMessage: async () => reply },
      run: (run: () => Promise<unknown>) => run(),
    } as unknown as ReplicatedLane;
    const store = new ReplicatedRoomStore({} as RedisConnection, testKeys('p:'), testLimits, lane);
    const told = vi.fn();
    store.onAppended(told);
    await store.accept(send('a', { roomId: 5 }));
    expect(told.mock.calls).toEqual([[5, { generation: '2.x', streamId: '7-1' }]]);
  });
});
