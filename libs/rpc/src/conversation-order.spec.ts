import type { Send } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import { ConversationOrder } from './conversation-order.js';

it('remembers 10,000 conversations, the ones used last', async () => {
  const order = new ConversationOrder();
  const from = { userId: 1, userName: 'ann' };
  const keyOf = async (toUserId: number) => {
    let used = '';
    await order.run({ from, toUserId, text: '', clientMsgId: 'c' } as Send, (key) => {
      used = key;
      return Promise.resolve({ roomId: 100_000 + toUserId });
    });
    return used;
  };
  for (let user = 2; user < 10_002; user++) expect(await keyOf(user)).toBe(`direct:1:${user}`);
  // Used once more, which makes no other one go.
  expect(await keyOf(500)).toBe('100500');
  expect(await keyOf(2)).toBe('100002');
  expect(await keyOf(10_002)).toBe('direct:1:10002');
  expect(await keyOf(2)).toBe('100002');
  expect(await keyOf(3)).toBe('direct:1:3');
});

const ann = { userId: 1, userName: 'ann' };
const bob = { userId: 2, userName: 'bob' };
const settled = () => new Promise((resolve) => setImmediate(resolve));

function world() {
  const order = new ConversationOrder();
  /** Sends under way: the key they went under, and what ends them. */
  const gone: { key: string; ack(roomId?: number): void; fail(error: Error): void }[] = [];
  const run = (send: Partial<Send>) =>
    order.run(
      { from: ann, text: '', clientMsgId: 'c', ...send } as Send,
      (key) =>
        new Promise<{ roomId?: number }>((resolve, reject) => {
          gone.push({
            key,
            ack: (roomId) => resolve(roomId === undefined ? {} : { roomId }),
            fail: reject,
          });
        }),
    );
  return { order, run, gone, keys: () => gone.map(({ key }) => key) };
}

describe('sends of one user', () => {
  it('to rooms go beside one another, and so do those to users', async () => {
    const { run, keys } = world();
    void run({ roomId: 5 });
    void run({ roomId: 6 });
    void run({ from: bob, toUserId: 3 });
    void run({ from: bob, toUserId: 4 });
    expect(keys()).toEqual(['5', '6', 'direct:2:3', 'direct:2:4']);
  });

  it('to a user wait for all that are under way to rooms, and the other way round, in order', async () => {
    const { run, gone, keys } = world();
    void run({ roomId: 5 });
    void run({ roomId: 6 });
    void run({ toUserId: 3 });
    void run({ roomId: 7 });
    void run({ toUserId: 4 });
    gone[0]?.ack();
    await settled();
    expect(keys()).toEqual(['5', '6']);
    gone[1]?.ack();
    await settled();
    expect(keys()).toEqual(['5', '6', 'direct:1:3']);
    gone[2]?.ack();
    await settled();
    expect(keys()).toEqual(['5', '6', 'direct:1:3', '7']);
    gone[3]?.ack();
    await settled();
    expect(keys().at(-1)).toBe('direct:1:4');
  });

  it('do not wait for those of another', async () => {
    const { run, keys } = world();
    void run({ roomId: 5 });
    void run({ from: bob, toUserId: 1 });
    expect(keys()).toEqual(['5', 'direct:1:2']);
  });

  it('go on when one has failed, which is its sender’s to know', async () => {
    const { run, gone, keys } = world();
    const first = run({ roomId: 5 });
    const second = run({ toUserId: 3 });
    gone[0]?.fail(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await settled();
    expect(keys()).toEqual(['5', 'direct:1:3']);
    gone[1]?.ack(9);
    expect(await second).toEqual({ roomId: 9 });
  });

  it('are forgotten with the last of them, and not before', async () => {
    const { order, run, gone } = world();
    const sends = [run({ roomId: 5 }), run({ toUserId: 3 }), run({ from: bob, roomId: 5 })];
    expect(order.busySenders).toBe(2);
    gone[1]?.ack();
    await sends[2];
    expect(order.busySenders).toBe(1);
    gone[0]?.ack();
    await sends[0];
    expect(order.busySenders).toBe(1);
    gone[2]?.fail(new Error('away'));
    await expect(sends[1]).rejects.toThrow('away');
    expect(order.busySenders).toBe(0);
  });

  it.each([
    ['to users', { toUserId: 3 }, { roomId: 5 }],
    ['to rooms', { roomId: 5 }, { toUserId: 3 }],
  ])('are not forgotten while one %s is under way and one the other way is held', async (_, one, other) => {
    const { order, run, gone, keys } = world();
    const first = run(one);
    void run({ ...one });
    void run(other);
    gone[0]?.ack();
    await first;
    expect(order.busySenders).toBe(1);
    // It would overtake.
    void run({ ...one });
    expect(keys()).toHaveLength(2);
  });

  it('to a conversation whose room is known go under that, from both sides, beside those to rooms', async () => {
    const { run, gone, keys } = world();
    const first = run({ toUserId: 2 });
    gone[0]?.ack(9);
    await first;
    void run({ roomId: 5 });
    void run({ toUserId: 2 });
    void run({ from: bob, toUserId: 1 });
    expect(keys()).toEqual(['direct:1:2', '5', '9', '9']);
  });

  it('to a room teach nothing of a conversation', async () => {
    const { run, gone, keys } = world();
    const first = run({ roomId: 5 });
    gone[0]?.ack(5);
    await first;
    void run({ toUserId: 0 });
    expect(keys()).toEqual(['5', 'direct:0:1']);
  });
});
