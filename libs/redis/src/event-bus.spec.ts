import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { RedisConnections } from './connections.js';
import { EventBus } from './event-bus.js';
import { testKeys } from './store.fixture.js';

afterEach(() => void vi.useRealTimers());

class FakeSubscriber extends EventEmitter {
  status = 'ready';
  readonly subscribed: string[][] = [];
  refuse: Error | undefined;
  async subscribe(...channels: string[]): Promise<void> {
    this.subscribed.push(channels);
    if (this.refuse) throw this.refuse;
  }
}

function world() {
  const subscriber = new FakeSubscriber();
  const published: string[] = [];
  let made = 0;
  const connections = {
    createSubscriber: () => (made++, subscriber),
    main: { publish: async (channel: string, text: string) => void published.push(`${channel} ${text}`) },
  } as unknown as RedisConnections;
  const errors: unknown[] = [];
  const bus = new EventBus(connections, testKeys('p:'), (error) => errors.push(error));
  const hear = (kind: string, text: string) => void subscriber.emit('message', `p:events:${kind}`, text);
  return { bus, subscriber, published, errors, hear, made: () => made };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

describe('hints', () => {
  it('are published as JSON on the channel of their kind', async () => {
    const { bus, published } = world();
    await bus.publish('revoked', { sessionId: 's' });
    expect(published).toEqual(['p:events:revoked {"sessionId":"s"}']);
  });

  it('reach those who listen to their kind, each of them, as values or as they are', async () => {
    const { bus, hear, errors, made, subscriber } = world();
    const heard: unknown[] = [];
    const n = z.object({ n: z.number() });
    await bus.subscribe('a', n, (event) => heard.push(['a1', event]));
    await bus.subscribe('a', n, (event) => heard.push(['a2', event]));
    await bus.subscribeText(
      'b',
      (text) => heard.push(['b', text]),
      () => undefined,
    );
    hear('a', '{"n":1,"more":2}');
    hear('b', 'not json');
    hear('c', '{"n":3}');
    expect(heard).toEqual([
      ['a1', { n: 1 }],
      ['a2', { n: 1 }],
      ['b', 'not json'],
    ]);
    expect([errors, made(), subscriber.subscribed.flat()]).toEqual([
      [],
      1,
      ['p:events:a', 'p:events:a', 'p:events:b'],
    ]);
  });

  it('that cannot be read are reported, and are no event', async () => {
    const { bus, hear, errors } = world();
    const heard: unknown[] = [];
    await bus.subscribe('a', z.object({ n: z.number() }), (event) => heard.push(event));
    hear('a', '{');
    hear('a', '{"n":"x"}');
    hear('a', '{"n":1}');
    expect(heard).toEqual([{ n: 1 }]);
    expect(errors).toEqual([expect.any(SyntaxError), expect.any(z.ZodError)]);
  });
});

describe('the truth', () => {
  it('is read once Redis has confirmed the subscription, and awaited; a failure is the caller’s', async () => {
    const { bus, subscriber } = world();
    const order: string[] = [];
    subscriber.subscribe = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('subscribed');
    };
    await bus.subscribeText(
      'a',
      () => undefined,
      async () => {
        await Promise.resolve();
        order.push('read');
      },
    );
    order.push('resolved');
    expect(order).toEqual(['subscribed', 'read', 'resolved']);
    const failing = bus.subscribeText(
      'b',
      () => undefined,
      () => Promise.reject(new Error('busy')),
    );
    await expect(failing).rejects.toThrow('busy');
  });

  it('is read again after every later connection, not after the first', async () => {
    vi.useFakeTimers();
    const { bus, subscriber } = world();
    const reads: string[] = [];
    for (const kind of ['a', 'a', 'b'])
      await bus.subscribeText(
        kind,
        () => undefined,
        () => void reads.push(kind),
      );
    reads.length = 0;
    subscriber.subscribed.length = 0;
    subscriber.emit('ready');
    await settled();
    expect(reads).toEqual([]);
    subscriber.emit('ready');
    await settled();
    expect(reads).toEqual(['a', 'a', 'b']);
    // Each channel once, in one command.
    expect(subscriber.subscribed).toEqual([['p:events:a', 'p:events:b']]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(reads).toHaveLength(3);
  });

  // One failed re-read after an outage was reported and left at that: what was revoked meanwhile was never heard of.
  it('is read again every half second until it could be, by those alone who could not', async () => {
    vi.useFakeTimers();
    const { bus, subscriber, errors } = world();
    let failures = 0;
    const reads: string[] = [];
    const read = (kind: string) => () => {
      reads.push(kind);
      return kind === 'bad' && failures-- > 0 ? Promise.reject(new Error('busy')) : Promise.resolve();
    };
    await bus.subscribeText('bad', () => undefined, read('bad'));
    await bus.subscribeText('good', () => undefined, read('good'));
    subscriber.emit('ready');
    failures = 2;
    reads.length = 0;
    subscriber.emit('ready');
    await settled();
    expect(reads).toEqual(['bad', 'good']);
    await vi.advanceTimersByTimeAsync(499);
    expect(reads).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(reads).toEqual(['bad', 'good', 'bad']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(reads).toEqual(['bad', 'good', 'bad', 'bad']);
    expect(errors).toHaveLength(2);
  });

  it('is not read while Redis does not confirm, and then is', async () => {
    vi.useFakeTimers();
    const { bus, subscriber, errors } = world();
    let reads = 0;
    await bus.subscribeText(
      'a',
      () => undefined,
      () => void reads++,
    );
    subscriber.emit('ready');
    subscriber.refuse = new Error('gone');
    subscriber.emit('ready');
    await settled();
    expect([reads, errors]).toEqual([1, [subscriber.refuse]]);
    subscriber.refuse = undefined;
    await vi.advanceTimersByTimeAsync(500);
    expect(reads).toBe(2);
  });

  it('is left to the next connection when this one is lost, and read once by that', async () => {
    vi.useFakeTimers();
    const { bus, subscriber } = world();
    let reads = 0;
    await bus.subscribeText(
      'a',
      () => undefined,
      () => void reads++,
    );
    subscriber.emit('ready');
    reads = 0;
    subscriber.refuse = new Error('gone');
    subscriber.emit('ready');
    await settled();
    subscriber.status = 'reconnecting';
    await vi.advanceTimersByTimeAsync(5_000);
    const tries = subscriber.subscribed.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(subscriber.subscribed).toHaveLength(tries);
    // Two connections in a row: the older attempt gives up for the newer one.
    subscriber.status = 'ready';
    subscriber.emit('ready');
    await settled();
    subscriber.refuse = undefined;
    subscriber.emit('ready');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(reads).toBe(1);
  });
});
