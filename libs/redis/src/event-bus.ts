import type { z } from 'zod';
import type { RedisConnection, RedisConnections } from './connections.js';
import type { RedisKeys } from './keys.js';

/** Pause after a truth that could not be re-read, milliseconds. */
const RESUBSCRIBE_RETRY_MS = 500;

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
  /** Counts them: a newer one takes over from one that is still trying. */
  private resubscriptions = 0;

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
      if (!first) void this.resubscribe(subscriber);
      first = false;
    });
    return subscriber;
  }

  /** Until every subscriber has re-read its truth, or the connection is lost again: a hint missed here comes no more. */
  private async resubscribe(subscriber: RedisConnection): Promise<void> {
    const run = ++this.resubscriptions;
    let due = [...this.subscriptions];
    while (due.length > 0 && run === this.resubscriptions && subscriber.status === 'ready') {
      const failed: Subscription[] = [];
      try {
        await subscriber.subscribe(...new Set(due.map(({ channel }) => channel)));
        for (const subscription of due) {
          try {
            await subscription.onSubscribed();
          } catch (error) {
            this.onError(error);
            failed.push(subscription);
          }
        }
        due = failed;
      } catch (error) {
        this.onError(error);
      }
      if (due.length > 0) await new Promise((resolve) => setTimeout(resolve, RESUBSCRIBE_RETRY_MS).unref());
    }
  }
}
