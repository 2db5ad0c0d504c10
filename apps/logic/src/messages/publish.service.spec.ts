import type { Send } from '@parley/contracts';
import { AppError, limits, Op } from '@parley/protocol';
import type { AcceptInput, AcceptOutcome, RoomStore } from '@parley/redis';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LineService } from '../line/line.service.js';
import { stub } from '../testing/stub.js';
import type { DirectRoomsService } from './direct-rooms.service.js';
import { PublishService } from './publish.service.js';
import type { RoomAccessService } from './room-access.service.js';
import type { RoomHeadsService } from './room-heads.service.js';
import type { SentMessage } from './sent-before.service.js';

const from = { userId: 1, userName: 'ada' };
const send = (more: Partial<Send> = {}): Send => ({
  from,
  roomId: 7,
  text: 'hi',
  clientMsgId: uuidv7(),
  ...more,
});
const line = { generation: '1.a', streamId: '5-0' };
const ok = (seq: number): AcceptOutcome => ({ kind: 'ok', seq, epoch: 'e1', seqsLeft: 90_000, line });
const APART = { ok: false, code: 'UNAVAILABLE', apart: true };

function setUp(script: {
  outcomes?: (AcceptOutcome | Error)[];
  archived?: SentMessage | Error;
  /** Rooms and conversations whose facts are not at hand. */
  unknown?: readonly number[];
  burst?: number;
  perSecond?: number;
  /** How far Redis's clock is ahead. */
  redisAheadMs?: number;
}) {
  const { outcomes = [], archived, unknown = [], burst = 100, perSecond = 1 } = script;
  const accepts: AcceptInput[] = [];
  const ensure = vi.fn(() => Promise.resolve({ seq: 0, epoch: 'e1', floor: 0 }));
  const raise = vi.fn(() => Promise.resolve());
  const watch = vi.fn();
  const find = vi.fn((_: number, keys: readonly unknown[]) =>
    archived instanceof Error ? Promise.reject(archived) : Promise.resolve(keys.map(() => archived)),
  );
  const proven = vi.fn(() => Promise.resolve());
  const authorize = vi.fn<RoomAccessService['authorize']>((_, roomId) =>
    roomId === 404
      ? Promise.reject(new AppError('ROOM_NOT_FOUND'))
      : Promise.resolve({ roomId, kind: 'room', users: undefined }),
  );
  const between = vi.fn<DirectRoomsService['between']>(() =>
    Promise.resolve({ roomId: 9, kind: 'direct', users: [1, 2], peerName: 'bob' }),
  );
  const service = new PublishService(
    {
      sendBurst: burst,
      sendsPerSecond: perSecond,
      roomsPerUser: 50,
      roomsPerMinute: 30,
      roomIdleMs: 60_000,
      roomCreation: 'everyone',
    },
    stub<RoomAccessService>('RoomAccessService', {
      knows: (roomId) => !unknown.includes(roomId),
      authorize,
    }),
    stub<RoomHeadsService>('RoomHeadsService', { ensure, raise, watch }),
    stub<DirectRoomsService>('DirectRoomsService', {
      knows: (userId, toUserId) => userId !== toUserId && !unknown.includes(toUserId),
      between,
    }),
    stub<RoomStore>('RoomStore', {
      accept: (input) => {
        accepts.push(input);
        const outcome = outcomes.shift() ?? new Error('accept was not expected');
        return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
      },
    }),
    { find },
    stub<LineService>('LineService', { proven, redisNowMs: () => Date.now() + (script.redisAheadMs ?? 0) }),
  );
  const publish = async (...sends: Send[]) => service.publishMany(sends);
  const publishApart = async (...sends: Send[]) => service.publishMany(sends, { apart: true });
  return { publish, publishApart, accepts, ensure, raise, watch, find, proven, authorize, between };
}

const archivedMessage = (msg: string): SentMessage => ({
  seq: 3,
  epoch: 'e0',
  msg,
  id: 'first-id',
  sentAt: 123,
});

describe('PublishService', () => {
  it('acknowledges an accepted message, and watches what is left of the reserved numbers', async () => {
    const { publish, accepts, watch, find } = setUp({ outcomes: [ok(5)] });
    const sent = send();
    const [result] = await publish(sent);
    const input = accepts[0]!;
    expect(result).toEqual({
      ok: true,
      ack: {
        roomId: 7,
        seq: 5,
        epoch: 'e1',
        id: input.id,
        clientMsgId: sent.clientMsgId,
        sentAt: input.sentAt,
        duplicate: false,
      },
    });
    expect(input.recipients).toBeUndefined();
    expect(input.clientMsgIdMs).toBeGreaterThan(0);
    expect(watch.mock.calls).toEqual([[7, 90_000]]);
    expect(find).not.toHaveBeenCalled();
  });

  it('accepts in the order of the sends, each with its own result', async () => {
    const { publish, accepts } = setUp({ outcomes: [ok(1), ok(2)] });
    const results = await publish(
      send({ text: 'a' }),
      send({ roomId: 404 }),
      send({ text: 'x'.repeat(limits.maxTextCodePoints + 1) }),
      send({ text: 'b' }),
    );
    expect(accepts.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(results).toMatchObject([
      { ok: true, ack: { seq: 1 } },
      { ok: false, code: 'ROOM_NOT_FOUND' },
      { ok: false, code: 'MESSAGE_TOO_LONG' },
      { ok: true, ack: { seq: 2 } },
    ]);
  });

  it('takes a text of the greatest length, in code points', async () => {
    const { publish } = setUp({ outcomes: [ok(1)] });
    expect(await publish(send({ text: '😀'.repeat(limits.maxTextCodePoints) }))).toMatchObject([
      { ok: true },
    ]);
  });

  it('refuses a user who sends too fast, and says when to come back', async () => {
    const { publish } = setUp({ outcomes: [ok(1)], burst: 1 });
    const [first, second] = await publish(send(), send());
    expect(first).toMatchObject({ ok: true });
    expect(second).toEqual({ ok: false, code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) as number });
  });

  // The buckets were filled by the wall clock: a server clock set back an hour refused everybody for an hour.
  it.each([-3_600_000, 3_600_000])('limits alike when the clock is set by %i ms', async (stepMs) => {
    vi.useFakeTimers({ now: 10_000_000, toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { publish } = setUp({ outcomes: [ok(1), ok(2)], burst: 1, perSecond: 1 });
    expect(await publish(send())).toMatchObject([{ ok: true }]);
    vi.setSystemTime(10_000_000 + stepMs);
    expect(await publish(send())).toEqual([{ ok: false, code: 'RATE_LIMITED', retryAfterMs: 1_000 }]);
    vi.advanceTimersByTime(1_000);
    expect(await publish(send())).toMatchObject([{ ok: true }]);
  });

  it('takes as many sends at once as a user may burst, and the next after the time it names', async () => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { sendBurst, sendsPerSecond } = limits;
    const { publish } = setUp({
      outcomes: Array.from({ length: sendBurst + 1 }, (_, i) => ok(i + 1)),
      burst: sendBurst,
      perSecond: sendsPerSecond,
    });
    const results = await publish(...Array.from({ length: sendBurst }, () => send()));
    expect(results.map((result) => result.ok)).toEqual(Array(sendBurst).fill(true));
    const late = send();
    const limited = { ok: false, code: 'RATE_LIMITED' };
    expect(await publish(late)).toEqual([{ ...limited, retryAfterMs: 50 }]);
    vi.advanceTimersByTime(49);
    expect(await publish(late)).toMatchObject([limited]);
    vi.advanceTimersByTime(2);
    expect(await publish(late)).toMatchObject([{ ok: true, ack: { seq: sendBurst + 1 } }]);
  });

  it('addresses a direct message to both users of the conversation', async () => {
    const { publish, accepts } = setUp({ outcomes: [ok(1)] });
    const [result] = await publish(send({ roomId: undefined, toUserId: 2 }));
    expect(result).toMatchObject({ ok: true, ack: { roomId: 9 } });
    expect(accepts[0]).toMatchObject({ roomId: 9, recipients: [1, 2] });
    expect(JSON.parse(`${accepts[0]?.body}}`)).toMatchObject({ op: Op.direct, toUserName: 'bob', roomId: 9 });
  });

  it('answers a repeated send with its first ack', async () => {
    const duplicate = { kind: 'duplicate', seq: 4, epoch: 'e1', id: 'first-id', sentAt: 123 } as const;
    const { publish, watch } = setUp({ outcomes: [{ ...duplicate, sameText: true }] });
    const sent = send();
    expect(await publish(sent)).toEqual([
      {
        ok: true,
        ack: {
          roomId: 7,
          seq: 4,
          epoch: 'e1',
          id: 'first-id',
          clientMsgId: sent.clientMsgId,
          sentAt: 123,
          duplicate: true,
        },
      },
    ]);
    expect(watch).not.toHaveBeenCalled();
  });

  it('refuses another text under the same id', async () => {
    const outcome = { kind: 'duplicate', seq: 4, epoch: 'e1', id: 'i', sentAt: 1, sameText: false } as const;
    const { publish } = setUp({ outcomes: [outcome] });
    expect(await publish(send())).toEqual([{ ok: false, code: 'IDEMPOTENCY_MISMATCH' }]);
  });

  it('makes the head that is missing, then accepts the same message', async () => {
    const { publish, ensure, accepts } = setUp({ outcomes: [{ kind: 'no-head' }, ok(101)] });
    expect(await publish(send())).toMatchObject([{ ok: true, ack: { seq: 101 } }]);
    expect(ensure.mock.calls).toEqual([[7]]);
    expect(accepts[1]).toEqual(accepts[0]);
  });

  it('reserves more numbers at the ceiling, then accepts', async () => {
    const { publish, raise } = setUp({ outcomes: [{ kind: 'ceiling' }, ok(101)] });
    expect(await publish(send())).toMatchObject([{ ok: true, ack: { seq: 101 } }]);
    expect(raise.mock.calls).toEqual([[7]]);
  });

  it('asks the archive about ids without a recent time before it accepts, with one question', async () => {
    const { publish, accepts, find } = setUp({ outcomes: [ok(5), ok(6), ok(7)] });
    const sends = [send({ clientMsgId: 'my own id' }), send(), send({ clientMsgId: 'another' })];
    expect(await publish(...sends)).toMatchObject([
      { ack: { seq: 5 } },
      { ack: { seq: 6 } },
      { ack: { seq: 7 } },
    ]);
    expect(find.mock.calls).toEqual([[7, [expect.anything(), expect.anything()]]]);
    expect(accepts.map(({ archiveAsked = false }) => archiveAsked)).toEqual([true, false, true]);
  });

  it('answers from the archive what Redis has forgotten', async () => {
    const { publish, accepts } = setUp({ archived: archivedMessage('hi') });
    expect(await publish(send({ clientMsgId: 'my own id' }))).toMatchObject([
      { ok: true, ack: { seq: 3, epoch: 'e0', id: 'first-id', sentAt: 123, duplicate: true } },
    ]);
    expect(accepts).toEqual([]);
  });

  it('refuses another text under an archived id', async () => {
    const { publish } = setUp({ archived: archivedMessage('other') });
    expect(await publish(send({ clientMsgId: 'my own id' }))).toEqual([
      { ok: false, code: 'IDEMPOTENCY_MISMATCH' },
    ]);
  });

  it('asks the archive when Redis cannot know recent ids, about all of them at once, and keeps their order', async () => {
    const asked: AcceptOutcome = { kind: 'ask-archive', scope: 'room' };
    const { publishApart, accepts, find } = setUp({ outcomes: [asked, asked, ok(5), ok(6)] });
    const bob = { userId: 2, userName: 'bob' };
    expect(await publishApart(send({ text: 'a' }), send({ text: 'b', from: bob }))).toMatchObject([
      { ok: true, ack: { seq: 5, duplicate: false } },
      { ok: true, ack: { seq: 6 } },
    ]);
    expect(find).toHaveBeenCalledTimes(1);
    expect(accepts.map(({ text, archiveAsked = false }) => [text, archiveAsked])).toEqual([
      ['a', false],
      ['b', false],
      ['a', true],
      ['b', true],
    ]);
  });

  it('says UNAVAILABLE when the archive must be asked and cannot', async () => {
    const { publish, accepts } = setUp({ archived: new Error('away') });
    expect(await publish(send({ clientMsgId: 'my own id' }))).toEqual([{ ok: false, code: 'UNAVAILABLE' }]);
    expect(accepts).toEqual([]);
  });

  it('waits for the proof of a server that came back, then accepts in the same order', async () => {
    const unproven: AcceptOutcome = { kind: 'unproven' };
    const { publish, proven, accepts } = setUp({ outcomes: [unproven, unproven, ok(1), ok(2)] });
    expect(await publish(send({ text: 'a' }), send({ text: 'b' }))).toMatchObject([
      { ok: true },
      { ok: true },
    ]);
    expect(proven).toHaveBeenCalledTimes(1);
    expect(accepts.map(({ text }) => text)).toEqual(['a', 'b', 'a', 'b']);
  });

  // One member's old id kept everybody of the room waiting for SQL, for as long as that was away.
  it.each([
    ['an old id', { clientMsgId: uuidv7({ msecs: 1_000 }) }, []],
    ['an id of its own making', { clientMsgId: 'my own id' }, []],
    ['an id from the future', { clientMsgId: uuidv7({ msecs: Date.now() + 3_600_000 }) }, []],
    ['a room whose facts are not at hand', { roomId: 8 }, [8]],
    ['a new conversation', { roomId: undefined, toUserId: 5 }, [5]],
  ])(
    'gives a send with %s back, to wait alone, and its sender does not overtake it',
    async (_, odd, unknown) => {
      const { publishApart, accepts, find } = setUp({ outcomes: [ok(1), ok(2), ok(3)], unknown });
      const bob = { userId: 2, userName: 'bob' };
      const results = await publishApart(
        send({ text: 'a' }),
        send({ text: 'odd', ...odd }),
        send({ text: 'b', from: bob }),
        send({ text: 'c' }),
        send({ text: 'd', from: bob }),
      );
      expect(results).toMatchObject([{ ok: true }, APART, { ok: true }, APART, { ok: true }]);
      expect(accepts.map(({ text }) => text)).toEqual(['a', 'b', 'd']);
      expect(find).not.toHaveBeenCalled();
    },
  );

  it('gives back what Redis alone knows to be forgotten', async () => {
    const { publishApart } = setUp({ outcomes: [{ kind: 'ask-archive', scope: 'id' }, ok(1)] });
    const bob = { userId: 2, userName: 'bob' };
    expect(await publishApart(send(), send({ from: bob }))).toMatchObject([APART, { ok: true }]);
  });

  it('says OVERLOADED when too much is pending', async () => {
    const { publish } = setUp({ outcomes: [{ kind: 'overloaded' }] });
    expect(await publish(send())).toEqual([{ ok: false, code: 'OVERLOADED', retryAfterMs: 2_000 }]);
  });

  it('says NOT_REPLICATED when too few replicas have it, and answers the repetition as what it is', async () => {
    const repeated = send();
    const notKept = new AppError('NOT_REPLICATED', { retryAfterMs: 1_000 });
    const { publish } = setUp({ outcomes: [notKept, notKept] });
    for (let i = 0; i < 2; i++)
      expect(await publish(repeated)).toEqual([{ ok: false, code: 'NOT_REPLICATED', retryAfterMs: 1_000 }]);
  });

  it('says UNAVAILABLE when Redis is away', async () => {
    const { publish } = setUp({ outcomes: [new Error('connection lost')] });
    expect(await publish(send())).toEqual([{ ok: false, code: 'UNAVAILABLE' }]);
  });

  it('gives up a send that is sent back again and again', async () => {
    const { publish, accepts } = setUp({
      outcomes: Array.from({ length: 10 }, () => ({ kind: 'no-head' as const })),
    });
    expect(await publish(send())).toEqual([{ ok: false, code: 'UNAVAILABLE' }]);
    expect(accepts).toHaveLength(6);
  });

  it('gives Redis all that it needs to know of a message', async () => {
    vi.useFakeTimers({ now: 1_764_000_000_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { publish, accepts, authorize, between } = setUp({ outcomes: [ok(1)] });
    const clientMsgId = uuidv7({ msecs: 1_763_999_999_000 });
    await publish(send({ text: 'hello', clientMsgId, from: { userId: 2, userName: 'bob' } }));
    const { body, id, ...input } = accepts[0]!;
    expect(input).toEqual({
      roomId: 7,
      senderId: 2,
      clientMsgId,
      text: 'hello',
      sentAt: 1_764_000_000_000,
      clientMsgIdMs: 1_763_999_999_000,
    });
    expect(JSON.parse(`${body}}`)).toMatchObject({
      roomId: 7,
      msg: 'hello',
      fromUserId: 2,
      fromUserName: 'bob',
      toUserId: 0,
      toUserName: '',
      clientMsgId,
      id,
      sentAt: 1_764_000_000_000,
    });
    expect(authorize.mock.calls).toEqual([[2, 7]]);
    expect(between).not.toHaveBeenCalled();
  });

  it('gives every message an id of its own', async () => {
    const { publish, accepts } = setUp({ outcomes: [ok(1), ok(2)] });
    await publish(send(), send());
    expect(new Set(accepts.map(({ id }) => id)).size).toBe(2);
  });

  it('asks who a direct message is between, and not for rights in a room', async () => {
    const { publish, authorize, between } = setUp({ outcomes: [ok(1)] });
    await publish(send({ roomId: undefined, toUserId: 2 }));
    expect(between.mock.calls).toEqual([[from, 2]]);
    expect(authorize).not.toHaveBeenCalled();
    between.mockRejectedValueOnce(new AppError('USER_NOT_FOUND'));
    expect(await publish(send({ roomId: undefined, toUserId: 8 }))).toEqual([
      { ok: false, code: 'USER_NOT_FOUND' },
    ]);
  });

  it('asks for the rights of every send anew, and appends nothing without', async () => {
    const { publish, authorize, accepts } = setUp({ outcomes: [ok(1)] });
    await publish(send());
    authorize.mockRejectedValueOnce(new AppError('ROOM_NOT_FOUND'));
    expect(await publish(send())).toEqual([{ ok: false, code: 'ROOM_NOT_FOUND' }]);
    expect(accepts).toHaveLength(1);
  });

  it('counts no send that is too long, and asks nothing about one that comes too fast', async () => {
    const { publish, authorize } = setUp({ outcomes: [ok(1)], burst: 1 });
    const results = await publish(send({ text: 'x'.repeat(limits.maxTextCodePoints + 1) }), send(), send());
    expect(results).toMatchObject([
      { code: 'MESSAGE_TOO_LONG' },
      { ok: true },
      { code: 'RATE_LIMITED', retryAfterMs: 1_000 },
    ]);
    expect(authorize).toHaveBeenCalledTimes(1);
  });

  it("judges ids by Redis's clock, not by its own", async () => {
    const hourAgo = uuidv7({ msecs: Date.now() - 3_600_000 });
    const behind = setUp({ outcomes: [ok(1)], redisAheadMs: -3_600_000 });
    await behind.publish(send({ clientMsgId: hourAgo }));
    expect(behind.find).not.toHaveBeenCalled();
    const ahead = setUp({ outcomes: [ok(1)], redisAheadMs: 3_600_000 });
    await ahead.publish(send());
    expect(ahead.find).toHaveBeenCalledTimes(1);
  });

  it('mends a room once, whatever waits for it, and each room', async () => {
    const noHead: AcceptOutcome = { kind: 'no-head' };
    const { publish, ensure, accepts } = setUp({ outcomes: [noHead, noHead, noHead, ok(1), ok(2), ok(3)] });
    expect(await publish(send(), send({ roomId: 8 }), send())).toMatchObject([
      { ack: { roomId: 7, seq: 1 } },
      { ack: { roomId: 8, seq: 2 } },
      { ack: { roomId: 7, seq: 3 } },
    ]);
    expect(ensure.mock.calls).toEqual([[7], [8]]);
    expect(accepts).toHaveLength(6);
  });

  it('refuses what cannot be mended, under the code that says why, and accepts the rest', async () => {
    const noHead: AcceptOutcome = { kind: 'no-head' };
    const { publish, ensure } = setUp({ outcomes: [noHead, noHead, noHead, ok(1)] });
    let made: () => void = () => undefined;
    const position = { seq: 0, epoch: 'e1', floor: 0 };
    ensure.mockReturnValueOnce(new Promise((resolve) => (made = () => resolve(position))));
    ensure.mockRejectedValueOnce(new Error('SQL is away'));
    ensure.mockRejectedValueOnce(new AppError('ROOM_NOT_FOUND'));
    const publishing = publish(send(), send({ roomId: 8 }), send({ roomId: 10 }));
    await new Promise((resolve) => setImmediate(resolve));
    made();
    expect(await publishing).toMatchObject([
      { ok: true, ack: { seq: 1 } },
      { ok: false, code: 'UNAVAILABLE' },
      { ok: false, code: 'ROOM_NOT_FOUND' },
    ]);
  });

  it('asks the archive once for each room, and gives each send its own answer', async () => {
    const { publish, find, accepts } = setUp({ outcomes: [ok(5)] });
    find.mockImplementation((roomId: number, keys: readonly unknown[]) => {
      if (roomId === 8) return Promise.reject(new AppError('OVERLOADED'));
      return Promise.resolve(
        (keys as { clientMsgId: string }[]).map(({ clientMsgId }) =>
          clientMsgId === 'new' ? undefined : { ...archivedMessage('hi'), id: clientMsgId },
        ),
      );
    });
    const results = await publish(
      send({ clientMsgId: 'one' }),
      send({ clientMsgId: 'other', roomId: 8 }),
      send({ clientMsgId: 'new' }),
      send({ clientMsgId: 'two' }),
    );
    expect(results).toMatchObject([
      { ok: true, ack: { id: 'one', duplicate: true, clientMsgId: 'one' } },
      { ok: false, code: 'OVERLOADED' },
      { ok: true, ack: { seq: 5, duplicate: false, clientMsgId: 'new' } },
      { ok: true, ack: { id: 'two', duplicate: true } },
    ]);
    expect(find.mock.calls.map(([roomId, keys]) => [roomId, keys.length])).toEqual([
      [7, 3],
      [8, 1],
    ]);
    expect(accepts.map(({ clientMsgId }) => clientMsgId)).toEqual(['new']);
  });

  it("gives back a sender's later sends with the one that Redis knows to be forgotten", async () => {
    const forgotten: AcceptOutcome = { kind: 'ask-archive', scope: 'id' };
    const unproven: AcceptOutcome = { kind: 'unproven' };
    const { publishApart, find } = setUp({
      outcomes: [unproven, forgotten, unproven, unproven, ok(1), ok(2)],
    });
    const bob = { userId: 2, userName: 'bob' };
    expect(await publishApart(send({ from: bob }), send(), send(), send({ from: bob }))).toMatchObject([
      { ok: true },
      APART,
      APART,
      { ok: true },
    ]);
    expect(find).not.toHaveBeenCalled();
  });

  it('asks for it itself when it may keep the others waiting', async () => {
    const { publish, accepts, find } = setUp({ outcomes: [{ kind: 'ask-archive', scope: 'id' }, ok(1)] });
    expect(await publish(send())).toMatchObject([{ ok: true, ack: { seq: 1 } }]);
    expect(find).toHaveBeenCalledTimes(1);
    expect(accepts.map(({ archiveAsked = false }) => archiveAsked)).toEqual([false, true]);
  });
});
