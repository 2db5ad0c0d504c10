import type { z } from 'zod';
import type { RedisConnection, RedisConnections } from './connections.js';
import type { RedisKeys } from './keys.js';

interface Subscription {
  readonly channel: string;
  readonly onText: (text: string) => void;
  /** Re-reads the truth: called after the first subscribe and after every later one. */
  readonly onSubscribed: () => void | Promise<void>;
}

/**
 * Hints over pub/sub. A hint may be lost, so every subscriber also says how it re-reads the truth, and that is called
 * each time a subscription (re)starts, after Redis has confirmed it: what happens later reaches the listener.
 */
export class EventBus {
  private readonly subscriptions: Subscription[] = [];
  private subscriber: RedisConnection | undefined;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly onError: (error: unknown) => void = () => undefined,
  ) {}

  /** Tells every subscriber of `kind`. Resolves when Redis has taken it; nobody may be listening. */
  async publish(kind: string, event: unknown): Promise<void> {
    await this.connections.main.publish(this.keys.events(kind), JSON.stringify(event));
  }

  /**
   * Listens to one kind of hint.
   *
   * @param onSubscribed - Re-reads the truth that the hints are about. Awaited before this resolves the first time.
   */
  async subscribe<S extends z.ZodType>(
    kind: string,
    schema: S,
    onEvent: (event: z.output<S>) => void,
    onSubscribed: () => void | Promise<void> = () => undefined,
  ): Promise<void> {
    const onText = (text: string) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        return this.onError(error);
      }
      const parsed = schema.safeParse(value);
      if (parsed.success) onEvent(parsed.data);
      else this.onError(parsed.error);
    };
    await this.add({ channel: this.keys.events(kind), onText, onSubscribed });
  }

  /** Like {@link subscribe} for hints whose text is the whole message. */
  async subscribeText(
    kind: string,
    onText: (text: string) => void,
    onSubscribed: () => void | Promise<void>,
  ): Promise<void> {
    await this.add({ channel: this.keys.events(kind), onText, onSubscribed });
  }

  private async add(subscription: Subscription): Promise<void> {
    this.subscriptions.push(subscription);
    if (!this.subscriber) this.subscriber = this.connect();
    await this.subscriber.subscribe(subscription.channel);
    await subscription.onSubscribed();
  }

  private connect(): RedisConnection {
    const subscriber = this.connections.createSubscriber('events');
    let first = true;
    subscriber.on('message', (channel: string, text: string) => {
      for (const subscription of this.subscriptions)
        if (subscription.channel === channel) subscription.onText(text);
    });
    subscriber.on('ready', () => {
      // The first subscriptions are made by add(), and wait in the offline queue until now.
      if (!first) void this.resubscribe(subscriber).catch(this.onError);
      first = false;
    });
    return subscriber;
  }

  private async resubscribe(subscriber: RedisConnection): Promise<void> {
    const channels = [...new Set(this.subscriptions.map((subscription) => subscription.channel))];
    if (channels.length === 0) return;
    await subscriber.subscribe(...channels);
    for (const subscription of this.subscriptions) await subscription.onSubscribed();
  }
}
