/** What happened to the crowd in a stretch of time. */
export interface Tally {
  acked: number;
  received: number;
  /** Sends that a rule of the room refused: hosts are at work. */
  forbidden: number;
  /** Acts that were acked. */
  acts: number;
  /** Sends that were refused for another reason. */
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
  forbidden: 0,
  acts: 0,
  refused: 0,
  gaveUp: 0,
  failedPages: 0,
  longestGapMs: 0,
});
