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

/** Sends text to where it is to go; the number of receivers, as PUBLISH answers. */
export type Publish<To> = (to: To, text: string) => Promise<number> | number;

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
 * Redis a few commands instead of 64. Over a link it is as few writes.
 *
 * @typeParam To - A channel, or a link.
 * @see Redis PUBLISH: the reply is the number of clients that received it
 */
export class Outbox<To> {
  private batches = new Map<To, Batch[]>();

  constructor(private readonly publish: Publish<To>) {}

  /** @param onUndelivered - Called when nobody listened (no argument) or Redis refused (the error). */
  send(to: To, packet: string, onUndelivered?: (error?: Error) => void): void {
    const bytes = Buffer.byteLength(packet) + SEPARATOR.length;
    let batches = this.batches.get(to);
    if (!batches) {
      if (this.batches.size === 0) setImmediate(() => this.flush());
      this.batches.set(to, (batches = []));
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
    for (const [to, itsBatches] of batches) for (const batch of itsBatches) this.publishBatch(to, batch);
  }

  private publishBatch(to: To, batch: Batch): void {
    const fail = (error?: Error) => {
      for (const callback of batch.onUndelivered) callback(error);
    };
    const judge = (receivers: number) => (receivers === 0 ? fail() : undefined);
    const sent = this.publish(to, batch.text);
    if (typeof sent === 'number') return judge(sent);
    sent.then(judge, (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))));
  }
}
