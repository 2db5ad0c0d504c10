import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { keepSubscribed } from './keep-subscribed.js';

function setUp() {
  const answers: Promise<unknown>[] = [];
  const subscribe = vi.fn<(...channels: string[]) => Promise<unknown>>(
    () => answers.shift() ?? Promise.resolve(),
  );
  const subscriber = Object.assign(new EventEmitter(), { subscribe });
  const keep = (onError?: (error: unknown) => void) =>
    keepSubscribed(subscriber as unknown as Parameters<typeof keepSubscribed>[0], ['a', 'b'], onError);
  return { subscriber, subscribe, answers, keep };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('keepSubscribed', () => {
  it('resolves when Redis has confirmed', async () => {
    const { subscribe, answers, keep } = setUp();
    let confirm: (value?: unknown) => void = () => undefined;
    answers.push(new Promise((resolve) => (confirm = resolve)));
    const kept = vi.fn();
    const keeping = keep().then(kept);
    await turn();
    expect([subscribe.mock.calls, kept.mock.calls]).toEqual([[['a', 'b']], []]);
    confirm();
    await keeping;
  });

  it('subscribes again when the connection has come back, each time; the first one waited for it', async () => {
    const { subscriber, subscribe, keep } = setUp();
    await keep();
    subscriber.emit('ready');
    expect(subscribe).toHaveBeenCalledTimes(1);
    subscriber.emit('ready');
    subscriber.emit('ready');
    expect(subscribe.mock.calls).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('rejects when the first is refused, and tells when a later one is', async () => {
    const { subscriber, answers, keep } = setUp();
    answers.push(Promise.reject(new Error('first')));
    await expect(keep()).rejects.toThrow('first');
    const onError = vi.fn();
    await keep(onError);
    subscriber.emit('ready');
    answers.push(Promise.reject(new Error('earlier keeper')), Promise.reject(new Error('later')));
    subscriber.emit('ready');
    await turn();
    expect(onError.mock.calls).toEqual([[new Error('later')]]);
  });
});
