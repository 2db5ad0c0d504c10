/** The `Date` header of an answer is cut to the second, and made at most once in one; RFC 9110, 6.6.1. Milliseconds. */
const DATE_IS_OLD_MS = 2_000;
/** A difference that nobody notices in a countdown, milliseconds. */
const NOTICED_MS = 1_000;

/**
 * What time it is for the server, as far as this page can tell. A device's own clock may be wrong by hours, or be set while the page is
 * open; whatever has to do with moments that the server names, or is told, goes by this one.
 */
export class ServerClock {
  #aheadMs = 0;

  /** Milliseconds since 1970, whole ones. */
  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /**
   * The server answered a request.
   *
   * @param date - Of the answer, milliseconds since 1970.
   * @param tookMs - From the request to the answer.
   */
  answered(date: number, tookMs: number): void {
    const least = date - Date.now();
    const most = least + tookMs + DATE_IS_OLD_MS;
    // As it is, it may be right, to the second that the server tells.
    if (this.#aheadMs < least || this.#aheadMs > most) this.#aheadMs = Math.round((least + most) / 2);
  }

  /** Something came that the server had taken at that time, milliseconds since 1970. */
  sent(sentAtMs: number): void {
    const aheadMs = sentAtMs - Date.now();
    if (aheadMs > this.#aheadMs + NOTICED_MS) this.#aheadMs = aheadMs;
  }
}

/** Of the server that this page talks to. */
export const serverClock = new ServerClock();
