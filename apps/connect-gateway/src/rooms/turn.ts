/** Sockets written to in one turn of the event loop at the most, for one room. */
export const MAX_WRITES_PER_TURN = 256;
/** Bytes written in one turn, for one room, after which the next write waits. */
export const MAX_BYTES_PER_TURN = 2 * 1024 * 1024;

/** What a room may write before it lets others go on: heartbeats and other rooms are never starved by a large one. */
export class Turn {
  private writes = 0;
  private bytes = 0;

  /** Counts one write. @returns Whether that was enough: `next` is to be awaited before another one. */
  isOver(bytes: number): boolean {
    this.writes++;
    this.bytes += bytes;
    return this.writes >= MAX_WRITES_PER_TURN || this.bytes >= MAX_BYTES_PER_TURN;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.writes = 0;
    this.bytes = 0;
  }
}
