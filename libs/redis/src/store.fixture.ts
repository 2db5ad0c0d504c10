import { shardOf } from '@parley/sharding';
import { onTestFinished } from 'vitest';
import { RedisConnections } from './connections.js';
import { RedisKeys } from './keys.js';
import { LineStore } from './line-store.js';
import type { AcceptInput } from './accept-terms.js';

/** Keys as the apps have them. */
export function testKeys(prefix: string, shardCount = 32): RedisKeys {
  return new RedisKeys(prefix, { shardCount, shardOf: (roomId) => shardOf(roomId, shardCount) });
}

/** A process's connections, closed when the test ends. */
export function connect(url: string): RedisConnections {
  const connections = new RedisConnections(url);
  onTestFinished(() => connections.close());
  return connections;
}

/** Limits as the apps have them. */
export const testLimits = {
  dedupWindowMs: 600_000,
  recentPastMs: 300_000,
  recentFutureMs: 120_000,
  maxPendingEntries: 100_000,
};

/** A send under an id that does not say when it was made, and that the archive does not know. */
export function send(clientMsgId: string, over: Partial<AcceptInput> = {}): AcceptInput {
  return {
    roomId: 42,
    senderId: 7,
    clientMsgId,
    body: `{"n":"${clientMsgId}"`,
    text: `text of ${clientMsgId}`,
    id: `id-${clientMsgId}`,
    sentAt: 5,
    clientMsgIdMs: 0,
    archiveAsked: true,
    ...over,
  };
}

/** Another room of the same shard. */
export function siblingOf(roomId: number, keys: RedisKeys): number {
  for (let id = roomId + 1; ; id++) if (keys.shardOf(id) === keys.shardOf(roomId)) return id;
}

/** Declares every shard proven on the server that answers, as a fresh system does. */
export async function proveAll(connections: RedisConnections, keys: RedisKeys): Promise<LineStore> {
  const line = new LineStore(connections.main, keys, testLimits.recentFutureMs);
  for (const survey of await line.survey()) await line.prove(survey, survey.generation);
  return line;
}
