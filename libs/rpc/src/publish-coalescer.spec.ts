import type { Send } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { fakePort, from, ids, toRoom, turn, type Call } from './publish-coalescer.fixture.js';
import { PublishCoalescer } from './publish-coalescer.js';

describe('PublishCoalescer', () => {
  it('makes one call per turn and room, in the order of the sends, keyed by the room', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port, { deadlineMs: 9 });
    const sends = [
      coalescer.publish(toRoom(1, 'a')),
      coalescer.publish(toRoom(2, 'b')),
      coalescer.publish(toRoom(1, 'c')),
    ];
    await turn();
    expect(calls.map(ids)).toEqual([['a', 'c'], ['b']]);
    expect(calls.map(({ options }) => options)).toEqual([
      { deadlineMs: 9, key: '1' },
      { deadlineMs: 9, key: '2' },
    ]);
    calls.forEach((call) => call.answer());
    expect(await Promise.all(sends)).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
  });

  it("starts a room's next call only when the one before is answered, without delaying others", async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const sends = [coalescer.publish(toRoom(1, 'a'))];
    await turn();
    sends.push(coalescer.publish(toRoom(1, 'b')), coalescer.publish(toRoom(2, 'x')));
    sends.push(coalescer.publish(toRoom(1, 'c')));
    await turn();
    expect(calls.map(ids)).toEqual([['a'], ['x']]);
    calls[0]?.answer();
    await turn();
    expect(calls.map(ids)).toEqual([['a'], ['x'], ['b', 'c']]);
    calls.slice(1).forEach((call) => call.answer());
    await Promise.all(sends);
    const again = coalescer.publish(toRoom(1, 'd'));
    await turn();
    calls[3]?.answer();
    expect(await again).toEqual({ id: 'd' });
  });

  it('treats both directions of a conversation as one key', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const direct = (userId: number, toUserId: number, clientMsgId: string) =>
      coalescer.publish({ from: { userId, userName: 'u' }, toUserId, text: 'hi', clientMsgId });
    const sends = [direct(7, 3, 'a'), direct(3, 7, 'b'), direct(3, 8, 'c')];
    await turn();
    expect(calls.map(ids)).toEqual([['a', 'b'], ['c']]);
    calls.forEach((call) => call.answer());
    await Promise.all(sends);
  });

  // A conversation named by its users and by its room's id had two lanes: the second message overtook the first.
  it('keeps the order of a sender in a conversation, whichever way each send names it', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const toUser = (id: string, toUserId = 3): Send => ({ from, toUserId, text: 'hi', clientMsgId: id });
    const ack = (call: Call | undefined, roomId: number) =>
      call?.answer(call.sends.map(({ clientMsgId }) => ({ ok: true, ack: { id: clientMsgId, roomId } })));
    const sends = [toUser('a'), toUser('b'), toRoom(9, 'c'), toUser('d'), toRoom(8, 'e')].map((send) =>
      coalescer.publish(send),
    );
    // Another sender waits for nobody.
    const other = coalescer.publish({ ...toRoom(9, 'x'), from: { userId: 2, userName: 'bob' } });
    await turn();
    expect(calls.map(ids)).toEqual([['a', 'b'], ['x']]);
    ack(calls[0], 9);
    ack(calls[1], 9);
    await turn();
    await turn();
    // The room of the conversation is known now: both names are one key.
    expect(calls.slice(2).map(ids)).toEqual([['c', 'd'], ['e']]);
    expect(calls[2]?.options.key).toBe('9');
    // A first message to somebody else waits for what is under way to rooms, for one of them may be theirs.
    sends.push(coalescer.publish(toUser('f', 4)));
    await turn();
    expect(calls).toHaveLength(4);
    ack(calls[2], 9);
    ack(calls[3], 8);
    await turn();
    await turn();
    expect(calls.slice(4).map(ids)).toEqual([['f']]);
    calls[4]?.fail(new AppError('UNAVAILABLE'));
    const results = await Promise.allSettled([...sends, other]);
    expect(results.map(({ status }) => status[0]).join('')).toBe('fffffrf');
  });

  it('puts half a mebibyte of text into a call; the send that reaches it is the last', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const half = 'ж'.repeat(128 * 1024);
    const texts = [half, half, half, half.slice(1), 'e', half, half];
    const sends = texts.map((text, i) => coalescer.publish({ ...toRoom(1, String(i)), text }));
    for (let done = 0; done < 3; done++) {
      await turn();
      calls[done]?.answer();
    }
    await Promise.all(sends);
    expect(calls.map(ids)).toEqual([['0', '1'], ['2', '3', '4', '5'], ['6']]);
  });

  it('gives each send its own outcome', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const sends = ['a', 'b', 'c', 'd'].map((id) => coalescer.publish(toRoom(1, id)));
    await turn();
    calls[0]?.answer([
      { ok: true, ack: { id: 'a' } },
      { ok: false, code: 'NOT_FOUND' },
      { ok: false, code: 'RATE_LIMITED', retryAfterMs: 5 },
      // One answer too few.
    ]);
    expect(await Promise.allSettled(sends)).toMatchObject([
      { value: { id: 'a' } },
      { reason: { code: 'NOT_FOUND', retryAfterMs: undefined } },
      { reason: { code: 'RATE_LIMITED', retryAfterMs: 5 } },
      { reason: { code: 'INTERNAL' } },
    ]);
  });

  it('fails the sends of a failed call, and goes on with the next', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const first = [coalescer.publish(toRoom(1, 'a')), coalescer.publish(toRoom(1, 'b'))];
    await turn();
    const second = coalescer.publish(toRoom(1, 'c'));
    calls[0]?.fail(new AppError('UNAVAILABLE'));
    expect(await Promise.allSettled(first)).toMatchObject([
      { reason: { code: 'UNAVAILABLE' } },
      { reason: { code: 'UNAVAILABLE' } },
    ]);
    await turn();
    calls[1]?.answer();
    expect(await second).toEqual({ id: 'c' });
  });

  it('takes 20,000 sends at once, at most 512 per call, and refuses one more as OVERLOADED', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const sends = Array.from({ length: 20_000 }, (_, i) => coalescer.publish(toRoom(1, String(i))));
    await expect(coalescer.publish(toRoom(2, 'x'))).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryAfterMs: 1_000,
    });
    for (let done = 0; done < 40; done++) {
      await turn();
      calls[done]?.answer();
    }
    expect(await Promise.all(sends)).toEqual(sends.map((_, i) => ({ id: String(i) })));
    expect(calls.map(({ sends: batch }) => batch.length)).toEqual([...Array(39).fill(512), 32]);
    const afterwards = coalescer.publish(toRoom(2, 'y'));
    await turn();
    calls.at(-1)?.answer();
    expect(await afterwards).toEqual({ id: 'y' });
  });

  it('sends alone once: what is given back again is refused', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const send = coalescer.publish(toRoom(1, 'a')).catch((error: unknown) => error);
    for (let call = 0; call < 2; call++) {
      await turn();
      calls[call]?.answer([{ ok: false, code: 'UNAVAILABLE', apart: true }]);
      await turn();
    }
    expect(await send).toMatchObject({ code: 'UNAVAILABLE' });
    expect(calls).toHaveLength(2);
  });

  it('has the places of failed sends again', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const sends = Array.from({ length: 20_000 }, (_, i) => coalescer.publish(toRoom(1, String(i))));
    const settled = Promise.allSettled(sends);
    for (let done = 0; done < 40; done++) {
      await turn();
      calls[done]?.fail(new AppError('UNAVAILABLE'));
    }
    await settled;
    const next = coalescer.publish(toRoom(1, 'b'));
    await turn();
    calls.at(-1)?.answer();
    expect(await next).toEqual({ id: 'b' });
  });

  // One member's old id kept everybody of the room waiting for SQL: a room's next call starts when the last is answered.
  it('sends what is given back alone, with what its sender sends meanwhile, and the room goes on', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    const bob = { userId: 2, userName: 'bob' };
    const from1 = (id: string) => coalescer.publish(toRoom(1, id));
    const from2 = (id: string) => coalescer.publish({ ...toRoom(1, id), from: bob });
    const given = { ok: false, code: 'UNAVAILABLE', apart: true };
    const sends = [from1('old'), from2('b1')];
    await turn();
    // Queued while the first call is out.
    sends.push(from1('a2'), from2('b2'));
    calls[0]?.answer([given, { ok: true, ack: { id: 'b1' } }]);
    await turn();
    await turn();
    sends.push(from1('a3'), from2('b3'));
    await turn();
    expect(calls.map(({ apart }) => apart)).toEqual([true, true, undefined]);
    expect(calls.map(ids)).toEqual([['old', 'b1'], ['b2'], ['old', 'a2']]);
    expect(calls[2]?.options).toMatchObject({ key: '1' });
    calls[1]?.answer();
    await turn();
    calls[3]?.answer();
    expect(ids(calls[3])).toEqual(['b3']);
    calls[2]?.answer();
    await turn();
    expect(ids(calls[4])).toEqual(['a3']);
    calls[4]?.answer();
    expect(await Promise.all(sends)).toHaveLength(6);
    // Afterwards this sender is like the others.
    const last = from1('a4');
    await turn();
    expect(calls[5]?.apart).toBe(true);
    calls[5]?.answer();
    await last;
  });

  it.each(['answered', 'failed'])(
    'lets 1,000 sends wait alone and refuses the next, until one is %s',
    async (end) => {
      const { calls, port } = fakePort();
      const coalescer = new PublishCoalescer(port);
      const given = { ok: false, code: 'UNAVAILABLE', apart: true };
      const send = (n: number) =>
        coalescer.publish({ ...toRoom(1, `c${n}`), from: { userId: n, userName: 'u' } }).then(
          () => 'ok',
          (error: unknown) => (error instanceof AppError ? error.code : 'other'),
        );
      const sends = Array.from({ length: 1_001 }, (_, n) => send(n));
      for (let call = 0; call < 2; call++) {
        await turn();
        calls[call]?.answer(calls[call]?.sends.map(() => given));
        await turn();
      }
      expect(await sends[1_000]).toBe('OVERLOADED');
      await turn();
      const alone = calls.filter(({ apart }) => !apart);
      expect(alone).toHaveLength(1_000);
      alone.forEach((call) => (end === 'failed' ? call.fail(new AppError('NOT_FOUND')) : call.answer()));
      const outcome = end === 'failed' ? 'NOT_FOUND' : 'ok';
      expect(new Set(await Promise.all(sends.slice(0, 1_000)))).toEqual(new Set([outcome]));
      const next = send(2_000);
      await turn();
      calls.at(-1)?.answer([given]);
      await turn();
      await turn();
      calls.at(-1)?.answer();
      expect(await next).toBe('ok');
    },
  );
});
