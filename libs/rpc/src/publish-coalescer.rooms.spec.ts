import { AppError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { fakePort, ids, toRoom, turn } from './publish-coalescer.fixture.js';
import { PublishCoalescer } from './publish-coalescer.js';

describe('PublishCoalescer, to several rooms of one instance', () => {
  const alone = { ok: false, code: 'UNAVAILABLE', alone: true };
  const setUp = (instanceFor: (key: string) => string | undefined = () => 'one') => {
    const { calls, port } = fakePort(instanceFor);
    const coalescer = new PublishCoalescer(port);
    return { calls, coalescer };
  };

  it('makes one call, keyed by the first of them, and gives each send its own outcome', async () => {
    const { calls, coalescer } = setUp((key) => (key === '3' ? 'other' : 'one'));
    const sends = [
      [1, 'a'],
      [2, 'b'],
      [3, 'x'],
      [1, 'c'],
    ].map(([room, id]) => coalescer.publish(toRoom(Number(room), String(id))));
    await turn();
    expect(calls.map(ids)).toEqual([['a', 'c', 'b'], ['x']]);
    expect(calls.map(({ apart, mixed, options }) => [apart, mixed, options.key])).toEqual([
      [true, true, '1'],
      [true, undefined, '3'],
    ]);
    calls[0]?.answer([
      { ok: true, ack: { id: 'a' } },
      { ok: false, code: 'NOT_FOUND' },
      { ok: true, ack: { id: 'b' } },
    ]);
    calls[1]?.answer();
    expect(await Promise.allSettled(sends)).toMatchObject([
      { value: { id: 'a' } },
      { value: { id: 'b' } },
      { value: { id: 'x' } },
      { reason: { code: 'NOT_FOUND' } },
    ]);
  });

  it('has no call of a room beside another of it; the other rooms go on', async () => {
    const { calls, coalescer } = setUp();
    const sends = [coalescer.publish(toRoom(1, 'a')), coalescer.publish(toRoom(2, 'b'))];
    await turn();
    sends.push(...[1, 2, 3, 4].map((room) => coalescer.publish(toRoom(room, `next ${room}`))));
    await turn();
    expect(calls.map(ids)).toEqual([
      ['a', 'b'],
      ['next 3', 'next 4'],
    ]);
    calls[0]?.answer();
    await turn();
    await turn();
    expect(ids(calls[2])).toEqual(['next 1', 'next 2']);
    calls.slice(1).forEach((call) => call.answer());
    await Promise.all(sends);
  });

  it('keeps a call within its bounds: what does not fit goes with the next', async () => {
    const { calls, coalescer } = setUp();
    const sends = Array.from({ length: 1_030 }, (_, i) => coalescer.publish(toRoom(1 + (i % 10), `${i}`)));
    await turn();
    expect(calls.map(({ sends: batch }) => batch.length)).toEqual([512, 512]);
    calls.forEach((call) => call.answer());
    await turn();
    await turn();
    calls.slice(2).forEach((call) => call.answer());
    expect(await Promise.all(sends)).toEqual(sends.map((_, i) => ({ id: String(i) })));
    // Of each room in the order of the sends.
    const order = calls.flatMap(({ sends: batch }) => batch);
    for (let room = 1; room <= 10; room++) {
      const numbers = order.filter(({ roomId }) => roomId === room).map((send) => Number(send.clientMsgId));
      expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    }
  });

  it('puts half a mebibyte of text into a call, whatever rooms it is of', async () => {
    const { calls, coalescer } = setUp();
    const half = 'ж'.repeat(128 * 1024);
    const sends = [half, half, half, half.slice(1), 'e', half, half].map((text, i) =>
      coalescer.publish({ ...toRoom(1 + i, `${i}`), text }),
    );
    await turn();
    // The send that reaches it is the last.
    expect(calls.map(ids)).toEqual([['0', '1'], ['2', '3', '4', '5'], ['6']]);
    calls.forEach((call) => call.answer());
    await Promise.all(sends);
  });

  it('waits for what comes up in the same turn', async () => {
    const { calls, coalescer } = setUp();
    const sends = [coalescer.publish(toRoom(1, 'a'))];
    await Promise.resolve().then(() => Promise.resolve());
    expect(calls).toEqual([]);
    sends.push(coalescer.publish(toRoom(2, 'b')));
    await turn();
    expect(calls.map(ids)).toEqual([['a', 'b']]);
    calls[0]?.answer();
    await Promise.all(sends);
  });

  it('sends a room that has to be waited for by itself, what was given back first, and then with the others', async () => {
    const { calls, coalescer } = setUp();
    const sends = ['a', 'b'].map((id) => coalescer.publish(toRoom(1, id)));
    sends.push(coalescer.publish(toRoom(2, 'x')));
    await turn();
    sends.push(coalescer.publish(toRoom(1, 'c')), coalescer.publish(toRoom(2, 'x2')));
    calls[0]?.answer([alone, alone, { ok: true, ack: { id: 'x' } }]);
    await turn();
    sends.push(coalescer.publish(toRoom(3, 'y')));
    await turn();
    expect(calls.slice(1).map(ids)).toEqual([['a', 'b', 'c'], ['x2'], ['y']]);
    expect(calls[1]).toMatchObject({ apart: true, mixed: undefined });
    calls.slice(1).forEach((call) => call.answer());
    await Promise.all(sends);
    const both = [coalescer.publish(toRoom(1, 'd')), coalescer.publish(toRoom(2, 'z'))];
    await turn();
    expect(ids(calls[4])).toEqual(['d', 'z']);
    calls[4]?.answer();
    await Promise.all(both);
  });

  it('takes the same word in a call of one room for a refusal: it would never end', async () => {
    const { calls, coalescer } = setUp();
    const send = coalescer.publish(toRoom(1, 'a'));
    await turn();
    calls[0]?.answer([alone]);
    await expect(send).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it("keeps a sender's order when one of his sends goes alone and his room has to be waited for", async () => {
    const { calls, coalescer } = setUp();
    const sends = ['old', 'a', 'b'].map((id) => coalescer.publish(toRoom(1, id)));
    sends.push(coalescer.publish(toRoom(2, 'x')));
    await turn();
    calls[0]?.answer([
      { ok: false, code: 'UNAVAILABLE', apart: true },
      alone,
      alone,
      { ok: true, ack: { id: 'x' } },
    ]);
    await turn();
    await turn();
    expect(calls.slice(1).map(ids)).toEqual([['old', 'a', 'b']]);
    calls[1]?.answer();
    await Promise.all(sends);
  });

  it('fails all of a failed call, and goes on', async () => {
    const { calls, coalescer } = setUp(() => undefined);
    const sends = [1, 2].map((room) => coalescer.publish(toRoom(room, 'a')));
    await turn();
    calls[0]?.fail(new AppError('UNAVAILABLE'));
    expect((await Promise.allSettled(sends)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = coalescer.publish(toRoom(1, 'b'));
    await turn();
    calls[1]?.answer();
    expect(await next).toEqual({ id: 'b' });
  });
});
