import { z } from 'zod';
import { rpcContract } from './rpc-contract.js';
import { bytesOfText, countInCall, rpcLimits } from './rpc-limits.js';
import { dispatchEntrySchema } from './stream-entries.js';

const entriesSchema = z
  .array(dispatchEntrySchema)
  .max(rpcLimits.maxEntriesPerDelivery)
  .refine((entries) => {
    const most = { count: entries.length, bytes: rpcLimits.maxDeliveryBytes };
    return countInCall(entries.length, (i) => bytesOfText(entries[i]?.body ?? ''), most) === entries.length;
  }, 'too many bytes');

/** Everything that `connect-gateway` serves. */
export const connectRpc = {
  /**
   * Messages for rooms that have members on this instance, in stream order per shard.
   * `upTo` stands for entries that the worker no longer holds one by one: the gateway reads them from the room log.
   * The reply means: handed to every member's socket, or remembered as missing for it.
   * `fence` grows with each new owner of a shard; a lower one than seen is a stale owner and is ignored.
   */
  deliver: rpcContract({
    service: 'connect-gateway',
    pattern: 'connect.deliver',
    request: z.object({
      fences: z.array(z.tuple([z.number().int().min(0), z.number().int().min(0)])).max(rpcLimits.maxShards),
      entries: entriesSchema,
      upTo: z
        .array(
          z.object({
            roomId: z.number().int().positive(),
            seq: z.number().int(),
            epoch: z.string(),
            recipients: z.array(z.number()).optional(),
          }),
        )
        .max(rpcLimits.maxPositionsPerDelivery),
    }),
    /** Shards whose fence was lower than one seen before: the caller is no longer their owner. */
    response: z.object({ staleShards: z.array(z.number()).max(rpcLimits.maxShards) }),
    idempotent: false,
    deadlineMs: 2_000,
  }),
} as const;
