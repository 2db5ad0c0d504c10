import { AppError } from '@parley/protocol';
import type { AcceptOutcome } from '@parley/redis';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { APART, archivedMessage, ok, send, publisher, type Script } from './publish.fixture.js';

const setUp = (script: Script) => publisher(script, () => Date.now());

describe('PublishService, asked to send what may have been sent before,', () => {
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

  it("judges ids by Redis's clock, not by its own", async () => {
    const hourAgo = uuidv7({ msecs: Date.now() - 3_600_000 });
    const behind = setUp({ outcomes: [ok(1)], redisAheadMs: -3_600_000 });
    await behind.publish(send({ clientMsgId: hourAgo }));
    expect(behind.find).not.toHaveBeenCalled();
    expect(await behind.publishApart(send({ clientMsgId: hourAgo }))).not.toMatchObject([APART]);
    const ahead = setUp({ outcomes: [ok(1)], redisAheadMs: 3_600_000 });
    await ahead.publish(send());
    expect(ahead.find).toHaveBeenCalledTimes(1);
    expect(await ahead.publishApart(send())).toEqual([APART]);
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
