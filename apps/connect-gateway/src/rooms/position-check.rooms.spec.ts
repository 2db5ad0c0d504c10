import type { EventBus, PresenceStore, RedisConnections, RoomPosition } from '@parley/redis';
import { MemoryRegistry } from '@parley/registry';
import type { RpcClient } from '@parley/rpc';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { SHARE_USERS_EVERY, type ConnectionIndex } from '../connections/connection-index.js';
import type { GatewayConfig } from '../gateway-config.js';
import { numbers } from '../testing/local-room.fixture.js';
import { stub } from '../testing/stub.js';
import { PositionCheck } from './position-check.js';
import type { DirectoryEntry, RoomDirectory } from './room-directory.js';

const CHECK_MS = 3_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A room here, at 5 of `e1`, with one user, as Redis says; what is said and done about it. */
class Room {
  position: RoomPosition = { seq: 5, epoch: 'e1' };
  head: RoomPosition | undefined = { seq: 5, epoch: 'e1' };
  here = 1;
  users = 1;
  instances = ['gw-1'];
  /** Users of its members here; undefined for one who has not said who it is. */
  members: (number | undefined)[] = [1];
  usedAt = performance.now();
  isOpen = true;
  readonly pulled: RoomPosition[] = [];
  repairs = 0;
  pull: () => Promise<void> = () => Promise.resolve();

  constructor(readonly kind: 'room' | 'direct' = 'room') {}

  entry(): DirectoryEntry {
    const { members } = this;
    const room = {
      usedAt: this.usedAt,
      position: this.position,
      members: new Map(
        members.map((userId) => [{ identity: userId === undefined ? undefined : { userId } }, {}]),
      ),
      pullTo: (to: RoomPosition) => {
        this.pulled.push(to);
        return this.pull();
      },
    };
    const presence = {
      mark: 0,
      users: this.users,
      agrees: (here: number) => here === this.users,
      repair: async () => {
        this.repairs++;
        await Promise.resolve();
        this.here = this.users;
      },
    };
    return {
      kind: this.kind,
      room: this.isOpen ? room : undefined,
      presence,
      unsettledChecks: 0,
    } as unknown as DirectoryEntry;
  }
}

async function setUp(rooms: Record<number, Room>, { others = [] as string[], users = [] as number[] } = {}) {
  const registry = new MemoryRegistry({ leaseTtlMs: 3_600_000 });
  const redis = new EventEmitter();
  const surveyed: (readonly number[])[] = [];
  const asked: unknown[] = [];
  const done: string[] = [];
  const ofUsers = new Map<number, string[]>();
  let answer: () => Promise<unknown> = () => Promise.resolve({ seq: 9, epoch: 'e2' });
  let hold: Promise<void> | undefined;
  const check = new PositionCheck(
    stub<GatewayConfig>('GatewayConfig', { instanceId: 'gw-1', positionCheckMs: CHECK_MS }),
    stub<RoomDirectory>('RoomDirectory', {
      all: () => new Map(Object.entries(rooms).map(([roomId, room]) => [Number(roomId), room.entry()])),
      drop: (roomId) => void done.push(`drop ${roomId}`),
      forget: (roomId) => void done.push(`forget ${roomId}`),
    }),
    stub<PresenceStore>('PresenceStore', {
      survey: async (roomIds, instanceId) => {
        expect(instanceId).toBe('gw-1');
        surveyed.push(roomIds);
        await hold;
        return roomIds.map((roomId) => {
          const { head: position, here, instances } = rooms[roomId]!;
          return { position, here, instances };
        });
      },
      dropInstance: async (roomId, instanceId) => {
        done.push(`drop ${instanceId} of ${roomId}`);
        return 1;
      },
      instancesOfUsers: async (userIds) => userIds.map((userId) => ofUsers.get(userId) ?? []),
      dropUserInstance: async (userId, instanceId) => void done.push(`drop ${instanceId} of user ${userId}`),
    }),
    stub<ConnectionIndex>('ConnectionIndex', {
      users: () => users,
      shareAll: async () => void done.push('share all'),
      shareUnsaid: async () => void done.push('share unsaid'),
    }),
    registry,
    stub<RpcClient>('RpcClient', {
      call: (({ pattern }: { pattern: string }, request: unknown, options: unknown) => {
        asked.push([pattern, request, options]);
        return answer();
      }) as never,
    }),
    stub<EventBus>('EventBus', {
      publish: async (kind, event) => void done.push(`${kind} ${JSON.stringify(event)}`),
    }),
    stub<RedisConnections>('RedisConnections', { main: redis as never }),
  );
  for (const instanceId of ['gw-1', ...others])
    await registry.register({
      instanceId,
      service: 'connect-gateway',
      state: 'ready',
      address: '',
      version: '',
      load: 0,
      startedAt: 0,
    });
  await check.onApplicationBootstrap();
  onTestFinished(async () => {
    vi.useRealTimers();
    await check.onApplicationShutdown();
  });
  /** One interval passes; what was done in it. */
  const interval = async () => {
    done.length = 0;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    return done.filter((what) => !what.startsWith('share') && what !== 'drop 7');
  };
  return {
    check,
    registry,
    redis,
    surveyed,
    asked,
    done,
    ofUsers,
    interval,
    answerWith: (next: typeof answer) => void (answer = next),
    hold: (until: Promise<void> | undefined) => void (hold = until),
  };
}

/** What is done about several rooms at once is in no order. */
const byName = (a: string, b: string) => Number(a > b) - Number(a < b);

describe('a room behind its head', () => {
  it('is brought to it when it has waited for a whole interval', async () => {
    const room = new Room();
    const { interval } = await setUp({ 7: room });
    room.head = { seq: 8, epoch: 'e1' };
    await interval();
    expect(room.pulled).toEqual([]);
    room.head = { seq: 9, epoch: 'e1' };
    await interval();
    expect(room.pulled).toEqual([{ seq: 9, epoch: 'e1' }]);
  });

  it('is left alone when it has come as far as the head was an interval ago', async () => {
    const room = new Room();
    const { interval } = await setUp({ 7: room });
    for (let seq = 6; seq < 12; seq++) {
      room.position = { seq: seq - 1, epoch: 'e1' };
      room.head = { seq, epoch: 'e1' };
      await interval();
    }
    expect(room.pulled).toEqual([]);
  });

  it('is brought to it at once after a reconnect', async () => {
    const room = new Room();
    const { redis, done } = await setUp({ 7: room });
    room.head = { seq: 6, epoch: 'e1' };
    redis.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect([room.pulled, done]).toEqual([[{ seq: 6, epoch: 'e1' }], ['share all', 'drop 7']]);
  });

  it('in another epoch is brought to it at once', async () => {
    const room = new Room();
    const { interval, asked } = await setUp({ 7: room });
    room.head = { seq: 3, epoch: 'e2' };
    await interval();
    expect([room.pulled, asked]).toEqual([[{ seq: 3, epoch: 'e2' }], []]);
  });

  it('that cannot be read keeps no other one waiting, and is tried again', async () => {
    const [broken, other] = [new Room(), new Room()];
    broken.head = other.head = { seq: 6, epoch: 'e2' };
    broken.pull = () => Promise.reject(new Error('away'));
    const { interval } = await setUp({ 1: broken, 2: other });
    await interval();
    await interval();
    expect([broken.pulled.length, other.pulled.length]).toEqual([2, 2]);
  });

  it('that is not open here yet is nobody’s', async () => {
    const room = new Room();
    room.isOpen = false;
    room.head = { seq: 9, epoch: 'e2' };
    const { interval } = await setUp({ 7: room });
    await interval();
    await interval();
    expect(room.pulled).toEqual([]);
  });
});

describe('many rooms', () => {
  it('are asked about in one go for five hundred, each judged by its own answer', async () => {
    const rooms = Object.fromEntries(numbers(1, 501).map((roomId) => [roomId, new Room()]));
    const odd = [17, 499, 501];
    const { interval, surveyed } = await setUp(rooms);
    for (const roomId of odd) {
      rooms[roomId]!.head = { seq: 9, epoch: 'e2' };
      rooms[roomId]!.here = 3;
    }
    await interval();
    expect(surveyed.map(({ length }) => length)).toEqual([500, 1]);
    const touched = (of: (room: Room) => number) =>
      numbers(1, 501).filter((roomId) => of(rooms[roomId]!) > 0);
    expect(touched(({ pulled }) => pulled.length)).toEqual(odd);
    expect(touched(({ repairs }) => repairs)).toEqual(odd);
  });

  it('are put right sixteen at a time', async () => {
    const rooms = Object.fromEntries(numbers(1, 20).map((roomId) => [roomId, new Room()]));
    const answers: (() => void)[] = [];
    for (const room of Object.values(rooms)) {
      room.head = { seq: 9, epoch: 'e2' };
      room.pull = () => new Promise((resolve) => answers.push(resolve));
    }
    const { interval } = await setUp(rooms);
    await interval();
    expect(answers).toHaveLength(16);
    for (const answer of answers.splice(0)) answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(answers).toHaveLength(4);
    for (const answer of answers) answer();
  });
});

describe('a head that Redis has lost', () => {
  it('is asked for once, by the first member who has a name', async () => {
    const room = new Room();
    room.members = [undefined, 5, 6];
    room.head = undefined;
    const { interval, asked } = await setUp({ 7: room });
    await interval();
    expect(asked).toEqual([['logic.admit', { userId: 5, roomId: 7 }, { key: 7 }]]);
  });

  it('is asked for again when nobody could answer; a room of nobody asks for none', async () => {
    const [room, empty, other] = [new Room(), new Room(), new Room()];
    empty.members = [];
    room.head = empty.head = undefined;
    other.head = { seq: 9, epoch: 'e2' };
    const { interval, asked, answerWith } = await setUp({ 7: room, 8: empty, 9: other });
    answerWith(() => Promise.reject(new Error('away')));
    await interval();
    await interval();
    expect(asked).toHaveLength(2);
    expect(other.pulled).toHaveLength(2);
  });
});

describe('a head below what was delivered', () => {
  it('ends its epoch, and the room moves on to the next', async () => {
    const room = new Room();
    room.head = { seq: 4, epoch: 'e1' };
    const { interval, asked } = await setUp({ 7: room });
    await interval();
    expect(asked).toEqual([
      ['logic.restorePosition', { roomId: 7, seen: { seq: 5, epoch: 'e1' } }, { key: 7 }],
    ]);
    expect(room.pulled).toEqual([{ seq: 9, epoch: 'e2' }]);
  });

  it('is said again as long as nobody answers', async () => {
    const room = new Room();
    room.head = { seq: 4, epoch: 'e1' };
    const { interval, asked, answerWith } = await setUp({ 7: room });
    answerWith(() => Promise.reject(new Error('away')));
    await interval();
    await interval();
    expect([asked.length, room.pulled]).toEqual([2, []]);
  });
});

describe('what Redis says about this gateway', () => {
  it('is put right, and told to whoever is there', async () => {
    const [wrong, right] = [new Room(), new Room()];
    wrong.here = 0;
    const { interval } = await setUp({ 8: wrong, 9: right });
    expect((await interval()).sort(byName)).toEqual(['drop 8', 'drop 8', 'drop 9', 'presence {"roomId":8}']);
    expect([wrong.repairs, right.repairs]).toEqual([1, 0]);
    await interval();
    expect(wrong.repairs).toBe(1);
  });

  it('is said of the users once after a reconnect, also when a room is put right', async () => {
    const room = new Room();
    room.here = 0;
    const { redis, done } = await setUp({ 7: room });
    redis.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect([room.repairs, done.filter((what) => what === 'share all').length]).toEqual([1, 1]);
  });

  it('is nothing in a conversation', async () => {
    const talk = new Room('direct');
    talk.here = 0;
    const { interval } = await setUp({ 7: talk });
    expect([await interval(), talk.repairs]).toEqual([[], 0]);
  });

  it('is said of every user in twenty checks, and of those whom Redis has not heard of in each', async () => {
    const { done, interval } = await setUp({});
    const shares: string[] = [];
    for (let i = 1; i <= SHARE_USERS_EVERY; i++) {
      await interval();
      shares.push(...done);
    }
    expect(shares).toEqual([...numbers(1, SHARE_USERS_EVERY - 1).map(() => 'share unsaid'), 'share all']);
  });
});

describe('a gateway that is gone', () => {
  it('is taken out of the rooms that are here, and they are told; one that lives is not', async () => {
    const [a, b] = [new Room(), new Room()];
    a.instances = ['gw-1', 'dead', 'gw-2'];
    b.instances = ['gw-2'];
    const { interval } = await setUp({ 8: a, 9: b }, { others: ['gw-2'] });
    const done = await interval();
    expect(done.filter((what) => !/^drop \d+$/.test(what))).toEqual([
      'drop dead of 8',
      'presence {"roomId":8}',
    ]);
  });

  it('is taken out of the users here, each of it', async () => {
    const users = numbers(1, 501);
    const { interval, ofUsers } = await setUp({}, { others: ['gw-2'], users });
    ofUsers.set(3, ['gw-1', 'dead', 'gw-2']);
    ofUsers.set(501, ['older', 'dead']);
    for (let i = 1; i < SHARE_USERS_EVERY; i++) expect(await interval()).toEqual([]);
    expect(await interval()).toEqual([
      'drop dead of user 3',
      'drop older of user 501',
      'drop dead of user 501',
    ]);
  });

  it('is not this one, whose lease has ended unnoticed', async () => {
    const { interval, registry, ofUsers } = await setUp({ 8: new Room() }, { users: [3] });
    ofUsers.set(3, ['gw-1']);
    await registry.deregister('connect-gateway', 'gw-1');
    await vi.advanceTimersByTimeAsync(0);
    for (let i = 1; i <= SHARE_USERS_EVERY; i++) expect(await interval()).toEqual(['drop 8']);
  });

  it('is looked for when it is missed, not when another one comes', async () => {
    const { registry, surveyed } = await setUp({ 7: new Room() }, { others: ['gw-2'] });
    const instance = registry.list('connect-gateway')[0]!;
    await registry.register({ ...instance, instanceId: 'gw-3' });
    await vi.advanceTimersByTimeAsync(0);
    expect(surveyed).toHaveLength(0);
    await registry.deregister('connect-gateway', 'gw-3');
    await vi.advanceTimersByTimeAsync(0);
    expect(surveyed).toHaveLength(1);
    await registry.deregister('connect-gateway', 'gw-2');
    await vi.advanceTimersByTimeAsync(0);
    expect(surveyed).toHaveLength(2);
  });
});

describe('what is not used any more', () => {
  it('is a conversation without traffic for ten minutes: it is forgotten', async () => {
    const [talk, room] = [new Room('direct'), new Room()];
    const { interval } = await setUp({ 8: talk, 9: room });
    for (let ms = CHECK_MS; ms < 600_000; ms += CHECK_MS) expect(await interval()).toEqual(['drop 9']);
    expect((await interval()).sort(byName)).toEqual(['drop 9', 'forget 8']);
    talk.usedAt = performance.now();
    expect(await interval()).toEqual(['drop 9']);
  });

  it('is a room that nobody is in: it is looked at for being dropped', async () => {
    const { interval, done } = await setUp({ 7: new Room() });
    await interval();
    expect(done).toContain('drop 7');
  });
});

describe('a stop', () => {
  it('ends the checks, however they are started', async () => {
    const { check, registry, surveyed } = await setUp({ 7: new Room() }, { others: ['gw-2'] });
    await check.onApplicationShutdown();
    await registry.deregister('connect-gateway', 'gw-2');
    await vi.advanceTimersByTimeAsync(10 * CHECK_MS);
    expect([surveyed, vi.getTimerCount()]).toEqual([[], 2]);
  });

  it('waits for the check under way, and lets no other follow', async () => {
    const { check, redis, surveyed, hold } = await setUp({ 7: new Room() });
    let goOn: () => void = () => undefined;
    hold(new Promise((resolve) => (goOn = resolve)));
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    redis.emit('ready');
    let isStopped = false;
    const stopping = check.onApplicationShutdown().then(() => (isStopped = true));
    await vi.advanceTimersByTimeAsync(499);
    expect(isStopped).toBe(false);
    goOn();
    await stopping;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    expect(surveyed).toHaveLength(1);
  });

  it('does not wait for ever', async () => {
    const { check, hold } = await setUp({ 7: new Room() });
    hold(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    let isStopped = false;
    void check.onApplicationShutdown().then(() => (isStopped = true));
    await vi.advanceTimersByTimeAsync(500);
    expect(isStopped).toBe(true);
  });
});

it('begins no check while one is under way', async () => {
  const { surveyed, hold } = await setUp({ 7: new Room() });
  let goOn: () => void = () => undefined;
  hold(new Promise((resolve) => (goOn = resolve)));
  await vi.advanceTimersByTimeAsync(5 * CHECK_MS);
  expect(surveyed).toHaveLength(1);
  hold(undefined);
  goOn();
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(surveyed).toHaveLength(2);
});
