import { CloseCode, Op } from '@parley/protocol';
import { RedisConnections, SessionStore } from '@parley/redis';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { Backend, gatewayOn, ROOM } from '../testing/live-gateway.fixture.js';
import { serve, tokenOf, type Peer } from '../testing/serving-gateway.fixture.js';

afterAll(async () => (await sharedRedis()).stop());
const startBackend = async () => Backend.start((await sharedRedis()).url, uniquePrefix());

const IN_AN_HOUR = () => Date.now() + 3_600_000;

/** Two gateways, and on each a connection of either transport for each session named. */
async function setUp(...sessions: string[]) {
  const backend = await startBackend();
  const gateways = [await serve(backend, 'gw-1'), await serve(backend, 'gw-2')];
  const peers = new Map<string, Peer[]>();
  for (const session of sessions) {
    const token = tokenOf(1, session);
    const opened = await Promise.all(gateways.flatMap((gateway) => [gateway.openWs(), gateway.openTcp()]));
    for (const peer of opened) peer.send({ op: Op.join, roomId: ROOM, authToken: token });
    await eventually(() => {
      for (const { frames } of opened) expect(frames.some(({ op }) => op === Op.joined)).toBe(true);
    });
    peers.set(session, opened);
  }
  const closedOf = (session: string) => peers.get(session)!.map(({ closed }) => closed);
  return { backend, gateways, peers, closedOf };
}
/** Ids of all connections that listen to events; others may use the same Redis. */
async function subscribers(): Promise<string[]> {
  const connections = new RedisConnections((await sharedRedis()).url);
  try {
    const list = String(await connections.main.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    return [...list.matchAll(/^id=(\d+) /gm)].map(([, id]) => String(id));
  } finally {
    connections.close();
  }
}
const none = [undefined, undefined, undefined, undefined];
const revoked = Array.from({ length: 4 }, () => CloseCode.sessionRevoked);

describe('a log-out', () => {
  it('closes every socket of that session on every gateway, and no other one of its user', async () => {
    const { backend, gateways, closedOf } = await setUp('phone', 'laptop');
    // Somewhere else, as gateway-api does it.
    const { revocations } = await serve(backend, 'elsewhere');
    await revocations.revoke('phone', IN_AN_HOUR());
    await eventually(() => expect(closedOf('phone')).toEqual(revoked));
    expect(closedOf('laptop')).toEqual(none);
    for (const { index, rooms } of gateways) {
      await eventually(() => expect([index.size, index.ofSession('phone').size]).toEqual([2, 0]));
      expect([index.ofSession('laptop').size, rooms.get(ROOM)?.members.size]).toEqual([2, 2]);
    }
  });

  it('closes them as soon as a gateway hears of Redis again that did not hear of it', async () => {
    const before = await subscribers();
    const { backend, closedOf } = await setUp('phone', 'laptop');
    const { main } = backend.connections;
    const ours = (await subscribers()).filter((id) => !before.includes(id));
    // Nobody is told of it.
    await new SessionStore(main, backend.keys).revoke('phone', IN_AN_HOUR(), Date.now());
    expect(closedOf('phone')).toEqual(none);
    for (const id of ours) await main.client('KILL', 'ID', id);
    await eventually(() => expect(closedOf('phone')).toEqual(revoked));
    expect(closedOf('laptop')).toEqual(none);
  });

  it('keeps its token out of every gateway', async () => {
    const { gateways } = await setUp();
    await gateways[0]!.revocations.revoke('phone', IN_AN_HOUR());
    for (const gateway of gateways) {
      await eventually(() => expect(gateway.revocations.isRevoked('phone')).toBe(true));
      for (const peer of [await gateway.openWs(), await gateway.openTcp()]) {
        peer.send({ op: Op.join, roomId: ROOM, authToken: tokenOf(1, 'phone') });
        await eventually(() => expect(peer.closed).toBe(CloseCode.sessionRevoked));
        expect(peer.frames[0]).toMatchObject({ op: Op.error, code: 'SESSION_REVOKED' });
      }
    }
  });
});

describe('frames of real sockets, back to back,', () => {
  it('end as sent: join, leave, join, send', async () => {
    const { backend, gateways } = await setUp();
    const [gateway] = gateways;
    for (const [i, peer] of [await gateway!.openWs(), await gateway!.openTcp()].entries()) {
      peer.send(
        { op: Op.join, roomId: ROOM, authToken: tokenOf(i + 1, `s${i}`), ref: 1 },
        { op: Op.leave, roomId: ROOM, ref: 2 },
        { op: Op.join, roomId: ROOM, ref: 3 },
        { op: Op.room, msg: `hello ${i}`, ref: 4 },
      );
      // Nobody dispatches it: it is shown for having been accepted here.
      await eventually(() => expect(peer.frames.some(({ op }) => op === Op.room)).toBe(true));
      const answers = peer.frames.filter(({ ref }) => ref !== undefined).map(({ op, ref }) => [ref, op]);
      expect(answers).toEqual([
        [1, Op.joined],
        [2, Op.leave],
        [3, Op.joined],
        [4, Op.ack],
      ]);
      expect(peer.frames.filter(({ op }) => op === Op.room)).toMatchObject([{ msg: `hello ${i}` }]);
    }
    expect(await gatewayOn(backend, 'gw-3').presence.list(ROOM, 10)).toMatchObject({ count: 2 });
  });
});

describe('a connection that ends', () => {
  it('leaves its rooms and its user, for everybody to see', async () => {
    const { backend, gateways, peers } = await setUp('phone');
    const { presence } = gatewayOn(backend, 'gw-3');
    expect(await presence.list(ROOM, 10)).toMatchObject({ count: 1 });
    expect((await presence.instancesOfUsers([1]))[0]?.sort()).toEqual(['gw-1', 'gw-2']);
    for (const { index } of gateways) for (const connection of index.all()) connection.destroy();
    await eventually(async () => {
      expect(await presence.list(ROOM, 10)).toMatchObject({ count: 0 });
      expect(await presence.instancesOfUsers([1])).toEqual([[]]);
    });
    for (const { index, rooms } of gateways)
      await eventually(() => expect([index.size, index.ofUser(1).size, rooms.all().size]).toEqual([0, 0, 0]));
    expect(peers.get('phone')).toHaveLength(4);
  });
});
