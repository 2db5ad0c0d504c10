import { z } from 'zod';

/** A request as it crosses Redis. `pattern`, `data` and `id` are Nest's packet. */
export const requestEnvelopeSchema = z.object({
  pattern: z.string(),
  data: z.unknown(),
  id: z.string(),
  /** Instance whose reply channel gets the answer. */
  replyTo: z.string(),
  /** How long the caller went on waiting when it sent this, ms. Absent from a caller of 0.1: it is run in any case. */
  leftMs: z.number().optional(),
  /** When it was sent by the monotonic clock that `clock` names, ms; see {@link RequestDelays}. */
  sentAtMs: z.number().optional(),
  clock: z.string().optional(),
  /** For a callee of 0.1 alone, which asks for it: by the caller's wall clock, ms since 1970. Nobody else reads it. */
  expiresAt: z.number().optional(),
  correlationId: z.string().optional(),
  /** Of the call, when it is traced. */
  traceparent: z.string().optional(),
});
export type RequestEnvelope = z.infer<typeof requestEnvelopeSchema>;

/** A reply: Nest's packet. `err` is a catalogue code with what the client may know. */
export const replyEnvelopeSchema = z.object({
  id: z.string(),
  response: z.unknown().optional(),
  err: z.unknown().optional(),
  isDisposed: z.boolean().optional(),
});
export type ReplyEnvelope = z.infer<typeof replyEnvelopeSchema>;

/**
 * Bytes of one request or reply at the most. Judgement: several times the largest batch that `rpcLimits` allows, and far
 * below what Redis lets wait for a subscriber.
 */
export const MAX_PACKET_BYTES = 4 * 1024 * 1024;

/** Separates packets that share one PUBLISH; JSON never contains a raw newline. */
const SEPARATOR = '\n';

export function splitPackets(text: string): string[] {
  return text.split(SEPARATOR);
}

/** Publishes text to a channel; the number of receivers, as PUBLISH answers. */
export type Publish = (channel: string, text: string) => Promise<number>;

interface Batch {
  text: string;
  bytes: number;
  readonly onUndelivered: ((error?: Error) => void)[];
}

/**
 * Bytes of one PUBLISH above which another one is begun. Redis ends a subscriber for which more than 32 MB wait, or 8 MB
 * for a minute; a single PUBLISH must be small beside that.
 *
 * @see Redis client-output-buffer-limit pubsub
 */
const MAX_PUBLISH_BYTES = 1024 * 1024;

/**
 * Collects packets for one turn of the event loop and sends one PUBLISH per channel and mebibyte: 64 calls in flight cost
 * Redis a few commands instead of 64.
 *
 * @see Redis PUBLISH: the reply is the number of clients that received it
 */
export class Outbox {
  private batches = new Map<string, Batch[]>();

  constructor(private readonly publish: Publish) {}

  /** @param onUndelivered - Called when nobody listened (no argument) or Redis refused (the error). */
  send(channel: string, packet: string, onUndelivered?: (error?: Error) => void): void {
    const bytes = Buffer.byteLength(packet) + SEPARATOR.length;
    let batches = this.batches.get(channel);
    if (!batches) {
      if (this.batches.size === 0) setImmediate(() => this.flush());
      this.batches.set(channel, (batches = []));
    }
    let batch = batches.at(-1);
    if (!batch || batch.bytes + bytes > MAX_PUBLISH_BYTES)
      batches.push((batch = { text: packet, bytes, onUndelivered: [] }));
    else {
      batch.text += SEPARATOR + packet;
      batch.bytes += bytes;
    }
    if (onUndelivered) batch.onUndelivered.push(onUndelivered);
  }

  private flush(): void {
    const batches = this.batches;
    this.batches = new Map();
    for (const [channel, ofChannel] of batches)
      for (const batch of ofChannel) this.publishBatch(channel, batch);
  }

  private publishBatch(channel: string, batch: Batch): void {
    const fail = (error?: Error) => {
      for (const callback of batch.onUndelivered) callback(error);
    };
    this.publish(channel, batch.text).then(
      (receivers) => (receivers === 0 ? fail() : undefined),
      (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
    );
  }
}
