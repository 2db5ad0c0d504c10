import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { AcceptInput } from './accept-terms.js';
import { RoomStore } from './room-store.js';
import { connect, proveAll, send as sendOf, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const room = 42;
const ask = (scope: 'room' | 'id') => ({ kind: 'ask-archive', scope });

async function open({ floor = 0, ...limits }: Partial<typeof testLimits> & { floor?: number } = {}) {
  const connections = connect((await sharedRedis()).url);
  const { main } = connections;
  const keys = testKeys(uniquePrefix());
  const lines = await proveAll(connections, keys);
  const rooms = new RoomStore(main, keys, { ...testLimits, ...limits });
  await rooms.restoreHead(room, { epoch: 'e1', floor, ceiling: 1_000, archived: floor });
  const redisMs = async () => {
    const [seconds] = await main.time();
    return Number(seconds) * 1_000;
  };
  let n = 0;
  /** A send whose id was made this much after now, by Redis's clock. */
  const send = async (aheadMs: number | undefined, over: Partial<AcceptInput> = {}) =>
    rooms.accept({
      roomId: room,
      senderId: 7,
      clientMsgId: `c${++n}`,
      body: '{"n":1',
      text: 'hi',
      id: 'id',
      sentAt: 5,
      clientMsgIdMs: aheadMs === undefined ? 0 : (await redisMs()) + aheadMs,
      ...over,
    });
  const line = keys.line(keys.shardOf(room));
  return { main, keys, lines, rooms, send, line, redisMs };
}

describe('an id that Redis may have forgotten', () => {
  it('is asked about when it does not say when it was made, or not lately, by the clock that records live by', async () => {
    const { send } = await open();
    expect(await send(undefined)).toEqual(ask('id'));
    expect(await send(-298_000)).toMatchObject({ kind: 'ok', seq: 1 });
    expect(await send(-301_000)).toEqual(ask('id'));
    expect(await send(119_000)).toMatchObject({ kind: 'ok', seq: 2 });
    expect(await send(122_000)).toEqual(ask('id'));
    expect(await send(-301_000, { archiveAsked: true })).toMatchObject({ kind: 'ok', seq: 3 });
  });

  // An id made by a clock that was fast, used before the restore, claimed to be younger than the epoch: accepted twice.
  it('is asked about after a restore, also when its clock was fast; a new room has nothing to ask for', async () => {
    const restored = await open({ floor: 10 });
    expect(await restored.send(0)).toEqual(ask('room'));
    expect(await restored.send(118_000)).toEqual(ask('room'));
    expect(await restored.send(118_000, { archiveAsked: true })).toMatchObject({ kind: 'ok', seq: 11 });
    expect(await (await open()).send(0)).toMatchObject({ kind: 'ok', seq: 1 });
  });

  it('is asked about by itself when it is old, whatever is true of the room', async () => {
    const { send } = await open({ floor: 10 });
    expect(await send(-301_000)).toEqual(ask('id'));
    expect(await send(undefined)).toEqual(ask('id'));
    expect(await send(122_000)).toEqual(ask('id'));
  });

  it('is known for the window that is set, and by its sender alone', async () => {
    const { main, keys, send } = await open({ dedupWindowMs: 500_000 });
    await send(0, { clientMsgId: 'mine' });
    const ttl = await main.pttl(keys.roomSent(room, 7, 'mine'));
    expect(ttl).toBeGreaterThan(400_000);
    expect(ttl).toBeLessThanOrEqual(500_000);
    expect(await send(0, { clientMsgId: 'mine', archiveAsked: true })).toMatchObject({ kind: 'duplicate' });
    expect(await send(0, { clientMsgId: 'mine', senderId: 8 })).toMatchObject({ kind: 'ok', seq: 2 });
  });

  it('that is ahead by no more than a clock may be leaves no mark: the next one is not asked about', async () => {
    const { main, keys, send } = await open();
    await send(110_000, { archiveAsked: true });
    expect(await main.exists(keys.roomAhead(room, 7))).toBe(0);
    expect(await send(0)).toMatchObject({ kind: 'ok', seq: 2 });
  });

  it('is not asked about for a clock that is a little behind the noted one', async () => {
    const { main, line, send, redisMs } = await open();
    // It may pass meanwhile, and is then no step back either.
    await main.hset(line, 'at', (await redisMs()) + 999);
    expect(await send(0)).toMatchObject({ kind: 'ok' });
    expect(await main.hexists(line, 'doubt')).toBe(0);
  });

  // Made an hour ahead, it looked recent an hour later, when its record had long gone: accepted twice.
  it('is asked about when it came from the future, for as long as it might look recent; others are not', async () => {
    const { main, keys, send, redisMs } = await open({ recentFutureMs: 1_000 });
    const madeAt = (await redisMs()) + 100_000;
    const id = { clientMsgId: 'ahead', clientMsgIdMs: madeAt };
    expect(await send(0, id)).toEqual(ask('id'));
    expect(await send(0, { ...id, archiveAsked: true })).toMatchObject({ kind: 'ok', seq: 1 });
    const ttl = await main.pttl(keys.roomAhead(room, 7));
    expect(ttl).toBeGreaterThan(testLimits.dedupWindowMs + 50_000);
    expect(ttl).toBeLessThanOrEqual(testLimits.dedupWindowMs + 101_000);
    // Its time has come nearer: as somebody sees it who takes two minutes for recent. Its record has gone.
    await main.del(keys.roomSent(room, 7, 'ahead'));
    const later = new RoomStore(main, keys, testLimits);
    const sendLater = (over: Partial<AcceptInput>) =>
      later.accept(sendOf('ahead', { archiveAsked: false, ...over }));
    expect(await sendLater({ clientMsgIdMs: madeAt })).toEqual(ask('id'));
    // Another's id of the same time, and this sender's once his clock has been passed.
    expect(await sendLater({ senderId: 8, clientMsgIdMs: madeAt })).toMatchObject({ kind: 'ok', seq: 2 });
    expect(await sendLater({ clientMsgIdMs: madeAt + 1 })).toMatchObject({ kind: 'ok', seq: 3 });
  });

  it('keeps the latest of a sender whose clock is years ahead, as one small key', async () => {
    const { main, keys, send } = await open();
    const years = 3 * 365 * 86_400_000;
    await send(years, { archiveAsked: true });
    await send(years / 2, { archiveAsked: true });
    expect(await main.pttl(keys.roomAhead(room, 7))).toBeGreaterThan(years);
    expect(await send(0)).toEqual(ask('id'));
  });

  // Redis's clock went an hour forward and every record expired; set right again, all their ids looked recent.
  it.each(['accept', 'survey'] as const)(
    "is asked about after Redis's clock was set back, which %s notices",
    async (by) => {
      const { main, line, lines, send, redisMs } = await open();
      await lines.survey();
      const now = await redisMs();
      expect(Number(await main.hget(line, 'at'))).toBeGreaterThanOrEqual(now);
      await main.hset(line, 'at', now + 3_600_000);
      if (by === 'survey') await lines.survey();
      expect(await send(0)).toEqual(ask('room'));
      expect(await send(118_000)).toEqual(ask('room'));
      expect(Number(await main.hget(line, 'at'))).toBeLessThan(now + 60_000);
      const doubt = Number(await main.hget(line, 'doubt'));
      expect(doubt).toBeGreaterThanOrEqual(now + testLimits.recentFutureMs);
      expect(doubt).toBeLessThanOrEqual((await redisMs()) + 1_000 + testLimits.recentFutureMs);
      // Whoever has asked the archive is let through meanwhile.
      expect(await send(0, { archiveAsked: true })).toMatchObject({ kind: 'ok' });
      // What was made later than any clock can have said before is taken at its word.
      await main.hset(line, 'doubt', now - 1_000);
      expect(await send(0)).toMatchObject({ kind: 'ok' });
    },
  );
});

describe('the archived watermark', () => {
  it('ends at the head: an archive may know more than a Redis that stepped back', async () => {
    const { rooms, send } = await open();
    await send(0);
    await rooms.markArchived(room, 99);
    expect(await rooms.watermarks(room)).toEqual({ seq: 1, archived: 1 });
  });
});
