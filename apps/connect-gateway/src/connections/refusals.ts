const counts = new Map<string, number>();

/**
 * Counts a refusal. Of the process and not of a service: connections refuse by themselves, and know none.
 *
 * @param code - Of the catalogue, or of a close; never what a client sent.
 */
export function countRefusal(code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}

/** Refusals so far, by code. */
export function refusals(): ReadonlyMap<string, number> {
  return counts;
}
