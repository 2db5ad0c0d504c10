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
   * The reply means: taken, that is kept by the living gateway in each room's order, without a gap, on its way to the
   * members. Should the gateway die, they resume elsewhere from the log. `failed` are the rooms that could not be taken now,
   * because a gap could not be read or too much is on its way: they are to be asked for again by position. They are named
   * only to a caller that says `partial`; for another the whole call fails.
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
      /** Absent from a caller of 0.1. */
      partial: z.boolean().optional(),
    }),
    response: z.object({
      /** Shards whose fence was lower than one seen before: the caller is no longer their owner. */
      staleShards: z.array(z.number()).max(rpcLimits.maxShards),
      /** The fences seen of those. Absent from a gateway of 0.1. */
      seenFences: z
        .array(z.tuple([z.number(), z.number()]))
        .max(rpcLimits.maxShards)
        .optional(),
      failed: z
        .array(z.number())
        .max(rpcLimits.maxEntriesPerDelivery + rpcLimits.maxPositionsPerDelivery)
        .optional(),
    }),
    idempotent: false,
    deadlineMs: 2_000,
  }),
} as const;
