/** What happened to the crowd in a stretch of time. */
export interface Tally {
  acked: number;
  received: number;
  refused: number;
  /** Sends and ranges of messages that a client gave up. */
  gaveUp: number;
  /** Loads of the site that failed on both of its servers. */
  failedPages: number;
  /** The longest that any client saw nothing while others talked, milliseconds. */
  longestGapMs: number;
}

export const newTally = (): Tally => ({
  acked: 0,
  received: 0,
  refused: 0,
  gaveUp: 0,
  failedPages: 0,
  longestGapMs: 0,
});
