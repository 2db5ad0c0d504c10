import type { Send } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { PublishCoalescer, type PublishPort } from './publish-coalescer.js';
import type { CallOptions } from './rpc-client.js';

interface Call {
  readonly sends: readonly Send[];
  readonly options: CallOptions;
  answer(results?: unknown[]): void;
  fail(error: unknown): void;
}

/** A port that keeps every call until the test answers it. */
function fakePort() {
  const calls: Call[] = [];
  const port = {
    call: (_contract: unknown, { sends }: { sends: Send[] }, options: CallOptions) =>
      new Promise((resolve, reject) => {
        calls.push({
          sends,
          options,
          answer: (results) =>
            resolve({
              results: results ?? sends.map((send) => ({ ok: true, ack: { id: send.clientMsgId } })),
            }),
          fail: reject,
        });
      }),
  } as unknown as PublishPort;
  return { calls, port };
}

const from = { userId: 1, userName: 'ann' };
const toRoom = (roomId: number, clientMsgId: string): Send => ({ from, roomId, text: 'hi', clientMsgId });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const ids = (call: Call | undefined) => call?.sends.map(({ clientMsgId }) => clientMsgId);

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
});
