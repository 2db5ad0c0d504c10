import { AppError, limits, Op } from '@parley/protocol';
import type { AcceptOutcome } from '@parley/redis';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ALONE, from, ok, send, publisher, type Script } from './publish.fixture.js';

const setUp = (script: Script) => publisher(script, () => Date.now());

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

  it('hints of a direct message once it is accepted, and of nothing else; it is kept when that fails', async () => {
    const overloaded = { kind: 'overloaded' } as const;
    const { publish, accepts, hint } = setUp({ outcomes: [ok(1), ok(5), overloaded] });
    const direct = { roomId: undefined, toUserId: 2 };
    const results = await publish(send(), send(direct), send(direct));
    expect(results.map(({ ok: isOk }) => isOk)).toEqual([true, true, false]);
    const body = accepts[1]?.body;
    expect(hint.mock.calls).toEqual([[{ roomId: 9, seq: 5, epoch: 'e1', recipients: [1, 2], body }]]);
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

  it.each<AcceptOutcome>([
    { kind: 'no-head' },
    { kind: 'ceiling' },
    { kind: 'unproven' },
    { kind: 'ask-archive', scope: 'room' },
  ])(
    'gives back what is for a room that has to be waited for, and keeps nobody waiting: $kind',
    async (outcome) => {
      const { publishMixed, ensure, raise, proven, find } = setUp({ outcomes: [outcome, ok(1), outcome] });
      const results = await publishMixed(send({ roomId: 7 }), send({ roomId: 8 }), send({ roomId: 7 }));
      expect(results).toMatchObject([ALONE, { ok: true, ack: { roomId: 8 } }, ALONE]);
      for (const asked of [ensure, raise, proven, find]) expect(asked).not.toHaveBeenCalled();
    },
  );

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
      rank: 2,
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
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { publish, authorize } = setUp({ outcomes: [ok(1)], burst: 1 });
    const results = await publish(send({ text: 'x'.repeat(limits.maxTextCodePoints + 1) }), send(), send());
    expect(results).toMatchObject([
      { code: 'MESSAGE_TOO_LONG' },
      { ok: true },
      { code: 'RATE_LIMITED', retryAfterMs: 1_000 },
    ]);
    expect(authorize).toHaveBeenCalledTimes(1);
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

  it('counts the sends of a user, whatever rooms they are to, and of each user by himself', async () => {
    const { publish } = setUp({ outcomes: [ok(1), ok(2)], burst: 1 });
    expect(await publish(send(), send({ roomId: 8 }))).toMatchObject([
      { ok: true },
      { code: 'RATE_LIMITED' },
    ]);
    expect(await publish(send({ from: { userId: 2, userName: 'bob' } }))).toMatchObject([{ ok: true }]);
  });
});
