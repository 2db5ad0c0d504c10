import type { DispatchEntry } from '@parley/contracts';
import { DirectHints } from '@parley/redis';
import { eventually, sharedRedis, startRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { Backend, gatewayOn, ROOM } from '../testing/live-gateway.fixture.js';
import { numbers } from '../testing/local-room.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

async function setUp(url?: string) {
  const backend = await Backend.start(url ?? (await sharedRedis()).url, uniquePrefix());
  const gateway = gatewayOn(backend);
  const { subscriber, stop } = await gateway.hear();
  onTestFinished(stop);
  /** Redis ends the connection on which it hears. */
  const cutHints = async () => {
    const { main } = backend.connections;
    const clients = String(await main.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    const port = (subscriber as unknown as { stream: { localPort: number } }).stream.localPort;
    const id = /^id=(\d+)/.exec(clients.split('\n').find((line) => line.includes(`:${port} `)) ?? '')?.[1];
    await main.client('KILL', 'ID', Number(id));
  };
  const listening = () =>
    eventually(async () => {
      const channel = backend.keys.hints(backend.keys.shardOf(ROOM), 'gw-1');
      const [, count] = (await backend.connections.main.pubsub('NUMSUB', channel)) as [string, number];
      expect(count).toBe(1);
    });
  return { backend, gateway, subscriber, cutHints, listening };
}

const shows = (members: readonly FakeConnection[], seen: readonly (number | string)[]) =>
  eventually(() => {
    for (const member of members) expect(member.seen).toEqual(seen);
  });

/** What the accept script wrote beside the last entry: whether everybody who holds the room was listening. */
async function isHinted(backend: Backend): Promise<boolean> {
  const stream = backend.keys.dispatch(backend.keys.shardOf(ROOM));
  const [[, fields] = ['', []]] = await backend.connections.main.xrevrange(stream, '+', '-', 'COUNT', 1);
  return fields[fields.indexOf('h') + 1] === '1';
}

// Nobody dispatches here, and no position is checked.
describe('hints alone', () => {
  it('show every message to everybody in the room, in order', async () => {
    const { backend, gateway } = await setUp();
    const members = [await gateway.join(), await gateway.join()];
    await backend.append(5);
    await shows(members, numbers(1, 5));
    expect(await isHinted(backend)).toBe(true);
  });

  it('show each once, also when a worker gives it as well', async () => {
    const { backend, gateway } = await setUp();
    const member = await gateway.join();
    await backend.append(3);
    await shows([member], numbers(1, 3));
    const entries = await backend.dispatched();
    await gateway.delivery.deliver({ fences: [], entries, upTo: [{ roomId: ROOM, seq: 3, epoch: 'e1' }] });
    await backend.append(1);
    await shows([member], numbers(1, 4));
  });

  it('lose nothing for those who join while messages come', async () => {
    const { backend, gateway } = await setUp();
    const first = await gateway.join();
    let last = 0;
    const joined: Promise<{ connection: FakeConnection; from: number }>[] = [];
    for (let i = 0; i < 40; i++) {
      const from = last;
      joined.push(
        gateway
          .join(ROOM, 'room', from > 0 ? { lastSeq: from, epoch: 'e1' } : undefined)
          .then((connection) => ({ connection, from })),
      );
      ({ seq: last } = await backend.append(1));
    }
    const connections = await Promise.all(joined);
    await shows([first], numbers(1, last));
    for (const { connection, from } of connections)
      if (from > 0) await shows([connection], numbers(from + 1, last));
  });

  it('reach one who opens the room here, whatever is accepted from his registration on', async () => {
    for (let run = 0; run < 10; run++) {
      const { backend, gateway } = await setUp();
      const before = await backend.append(3);
      const [member, after] = await Promise.all([
        gateway.join(ROOM, 'room', { lastSeq: before.seq, epoch: 'e1' }),
        backend.append(4),
      ]);
      await shows([member], numbers(before.seq + 1, after.seq));
    }
  });

  it('make up for lost ones with the next', async () => {
    const { backend, gateway, cutHints, listening } = await setUp();
    const member = await gateway.join();
    await backend.append(2);
    await shows([member], numbers(1, 2));
    await cutHints();
    await backend.append(3);
    // The worker is told to hand these over.
    expect(await isHinted(backend)).toBe(false);
    await listening();
    await backend.append(1);
    await shows([member], numbers(1, 6));
    expect(await isHinted(backend)).toBe(true);
  });

  it('begin a new epoch with its first message, and ignore stragglers of the one before', async () => {
    const { backend, gateway } = await setUp();
    const member = await gateway.join();
    await backend.append(2);
    await shows([member], numbers(1, 2));
    await backend.endEpoch(100);
    await backend.append(1);
    await shows([member], [1, 2, 'resync 3-100 epoch', 101]);
    const channel = backend.keys.hints(backend.keys.shardOf(ROOM), 'gw-1');
    await backend.connections.main.publish(channel, `${ROOM}|102|e1||{"op":3,"roomId":${ROOM},"msg":"old"`);
    await backend.append(1);
    await shows([member], [1, 2, 'resync 3-100 epoch', 101, 102]);
  });

  it('are not sent to a gateway that nobody of the room is at any more', async () => {
    const { backend, gateway } = await setUp();
    const member = await gateway.join();
    gateway.rooms.leave(member, ROOM);
    await eventually(() => expect(gateway.rooms.get(ROOM)).toBeUndefined());
    const { main } = backend.connections;
    expect(await main.hlen(backend.keys.roomInstances(ROOM))).toBe(0);
    await backend.append(1);
    // There is nobody who would have to be told.
    expect(await isHinted(backend)).toBe(true);
  });

  describe('of direct messages', () => {
    const CONVERSATION = 1_007;
    const recipients = [1, 2];

    async function conversation() {
      const world = await setUp();
      const { backend, gateway } = world;
      await backend.begin(CONVERSATION, 0);
      const hints = new DirectHints(gateway.connections.main, backend.keys, gateway.presence);
      const connection = new FakeConnection(1);
      gateway.index.add(connection);
      await gateway.index.authenticate(connection, { ...connection.identity!, userId: 1 }, 'token');
      const accept = async (count: number) => {
        await backend.append(count, { roomId: CONVERSATION, recipients });
        return (await backend.dispatched(CONVERSATION)).slice(-count);
      };
      const tell = async (entries: readonly DispatchEntry[]) => {
        for (const entry of entries) await hints.send({ ...entry, recipients });
      };
      const handOver = (entries: readonly DispatchEntry[]) =>
        gateway.delivery.deliver({ fences: [], entries: [...entries], upTo: [] });
      return { ...world, connection, accept, tell, handOver };
    }

    it('bring what follows in a conversation that is open here, to a user who has not joined it', async () => {
      const { connection, accept, tell, handOver } = await conversation();
      await handOver(await accept(1));
      await tell(await accept(3));
      await shows([connection], [1, 2, 3, 4]);
    });

    // Opened with the second, the first would be old.
    it('do not open one: which messages were before is the worker to say', async () => {
      const { connection, gateway, accept, tell, handOver } = await conversation();
      const [first, second] = await accept(2);
      await tell(second ? [second] : []);
      // What was told is heard before what is told now.
      await gateway.join();
      expect(gateway.rooms.get(CONVERSATION)).toBeUndefined();
      await handOver(first && second ? [first, second] : []);
      await shows([connection], [1, 2]);
    });

    it('make up for one that was lost', async () => {
      const { connection, accept, tell, handOver } = await conversation();
      await handOver(await accept(1));
      await accept(2);
      await tell(await accept(1));
      await shows([connection], [1, 2, 3, 4]);
    });

    it('go nowhere when nobody of them is connected', async () => {
      const { backend, accept, tell, gateway, connection } = await conversation();
      gateway.index.remove(connection);
      await eventually(async () => expect(await gateway.presence.instancesOfUsers([1, 2])).toEqual([[], []]));
      const publish = vi.spyOn(gateway.connections.main, 'publish');
      await tell(await accept(1));
      expect(publish).not.toHaveBeenCalled();
      expect(await backend.connections.main.xlen(backend.keys.roomLog(CONVERSATION))).toBe(1);
    });
  });
});

describe('a gateway that does not read its hints', () => {
  it('is ended by Redis at its limit, and loses nothing', async () => {
    const redis = await startRedis({ appendOnly: false });
    onTestFinished(() => redis.stop());
    const { backend, gateway, subscriber, listening } = await setUp(redis.url);
    await backend.connections.main.config('SET', 'client-output-buffer-limit', 'pubsub 262144 0 0');
    const member = await gateway.join();
    const { stream } = subscriber as unknown as { stream: { pause(): void; resume(): void } };
    stream.pause();
    await eventually(async () => {
      await backend.append(20, { bytes: 50_000 });
      expect(await isHinted(backend)).toBe(false);
    });
    stream.resume();
    await listening();
    const { seq } = await backend.append(1);
    await eventually(() => expect(member.seen.at(-1)).toBe(seq));
    expect(member.seen).toEqual(numbers(1, seq));
  });
});

describe('a position that the worker asks for', () => {
  const upTo = (seq: number, epoch = 'e1') => ({
    fences: [] as [number, number][],
    entries: [],
    upTo: [{ roomId: ROOM, seq, epoch }],
    partial: true,
  });

  it('brings what no hint brought, and changes nothing when all was heard', async () => {
    const backend = await Backend.start((await sharedRedis()).url, uniquePrefix());
    const gateway = gatewayOn(backend);
    const member = await gateway.join();
    await backend.append(3);
    expect(await gateway.delivery.deliver(upTo(3))).toMatchObject({ failed: [] });
    expect(await gateway.delivery.deliver(upTo(3))).toMatchObject({ failed: [] });
    await shows([member], numbers(1, 3));
  });

  // It waited for its lane while the room went on.
  it('is old news when the room is further, or in a later epoch', async () => {
    const { backend, gateway } = await setUp();
    const member = await gateway.join();
    await backend.append(4);
    await shows([member], numbers(1, 4));
    await gateway.delivery.deliver(upTo(2));
    await backend.endEpoch(100);
    await backend.append(1);
    await gateway.delivery.deliver(upTo(4));
    await backend.append(1);
    await shows([member], [1, 2, 3, 4, 'resync 5-100 epoch', 101, 102]);
  });
});
