/**
 * The most that one call between services may hold. Senders cut their batches to these bounds and receivers refuse more as
 * `INVALID`, so that one call can occupy neither a process nor Redis for long. Judgement, unless something else is said.
 */
export const rpcLimits = {
  /** Sends in one `publishMany`. */
  maxSendsPerCall: 512,
  /** Bytes of the texts of one `publishMany`, but for the last: see {@link countInCall}. */
  maxSendBytesPerCall: 512 * 1024,
  /** Messages in one `deliver`. */
  maxEntriesPerDelivery: 512,
  /** Bytes of the bodies of one `deliver`, but for the last. */
  maxDeliveryBytes: 512 * 1024,
  /** Rooms in one `deliver` whose log the gateway reads by itself. */
  maxPositionsPerDelivery: 512,
  /** Characters of a message's body: the longest text, each character escaped, and the names take half of it. */
  maxBodyChars: 65_536,
  /** Messages in one `archive`: one SQL transaction well within the call's deadline. */
  maxEntriesPerArchive: 500,
  /** Bytes of a page of history that nothing else bounds, for the caller's reckoning. */
  maxHistoryReplyBytes: 1024 * 1024,
  /** Users and rooms in one `admitMany`. */
  maxAdmissionsPerCall: 512,
  /** Read positions in one `markRead`. */
  maxReadsPerCall: 256,
  /** Shards that one call may name: the most that the config allows. */
  maxShards: 1_024,
} as const;

/**
 * How many texts from the front of a list one call may hold. Texts are taken until they reach the bytes; the one that
 * reaches them is the last, so that a single one always fits. Escaped as JSON they may be twice as long.
 *
 * @param bytesOf - Bytes of the text at an index.
 * @returns At least 1, unless there is none.
 */
export function countInCall(
  length: number,
  bytesOf: (index: number) => number,
  most: { readonly count: number; readonly bytes: number },
): number {
  let bytes = 0;
  let count = 0;
  while (count < length && count < most.count && (count === 0 || bytes < most.bytes))
    bytes += bytesOf(count++);
  return count;
}

/** Bytes of a text in UTF-8. */
export const bytesOfText = (text: string): number => Buffer.byteLength(text);
