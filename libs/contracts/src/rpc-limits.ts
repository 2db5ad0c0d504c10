/**
 * The most that one call between services may hold. Senders cut their batches to these bounds and receivers refuse more as
 * `INVALID`, so that one call can occupy neither a process nor Redis for long. Judgement, unless something else is said.
 */
export const rpcLimits = {
  /** Sends in one `publishMany`. */
  maxSendsPerCall: 512,
  /** Messages in one `deliver`. */
  maxEntriesPerDelivery: 512,
  /** Rooms in one `deliver` whose log the gateway reads by itself. */
  maxPositionsPerDelivery: 512,
  /** Messages in one `archive`: one SQL transaction well within the call's deadline. */
  maxEntriesPerArchive: 500,
  /** Bytes of a page of history that nothing else bounds, for the caller's reckoning. */
  maxHistoryReplyBytes: 1024 * 1024,
  /** Shards that one call may name: the most that the config allows. */
  maxShards: 1_024,
} as const;
