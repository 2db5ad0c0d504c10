import type { RedisConnection } from './connections.js';

/**
 * Subscribes a connection of {@link RedisConnections.createSubscriber}, and again whenever it has come back: what is published
 * meanwhile is lost to it, which must be harmless. A truth to be read again after each gap is `EventBus`'s to keep.
 *
 * @param onError - Told when a later one was refused; the next connection tries again.
 * @returns Resolves when Redis has confirmed the first.
 */
export async function keepSubscribed(
  subscriber: Pick<RedisConnection, 'on' | 'subscribe'>,
  channels: readonly string[],
  onError: (error: unknown) => void = () => undefined,
): Promise<void> {
  let first = true;
  subscriber.on('ready', () => {
    // The first waits in the offline queue until now.
    if (!first) void subscriber.subscribe(...channels).catch(onError);
    first = false;
  });
  await subscriber.subscribe(...channels);
}
