/**
 * The order in which the frames of one connection take effect. They do so one after another, up to the moment in which
 * they are handed on; what is about one room does not wait for what is about another.
 */
export class FrameOrder {
  private tail: Promise<unknown> | undefined;
  /** Jobs that have not ended, by what they are about; undefined stands for any room. There is none while there are none. */
  private about: Map<number | undefined, number> | undefined;

  /** Runs `job` after every job before it. */
  enqueue<T>(roomId: number | undefined, job: () => Promise<T>): Promise<T> {
    const about = (this.about ??= new Map());
    about.set(roomId, (about.get(roomId) ?? 0) + 1);
    const done = this.tail ? this.tail.then(job) : job();
    const end = (): void => this.end(roomId, tail);
    const tail: Promise<void> = done.then(end, end);
    this.tail = tail;
    return done;
  }

  /** Runs `job` after the jobs before it that are about this room or may be: at once when there are none. */
  run<T>(roomId: number | undefined, job: () => Promise<T>): Promise<T> {
    const isFree = roomId !== undefined && !this.about?.has(roomId) && !this.about?.has(undefined);
    return isFree ? job() : this.enqueue(roomId, job);
  }

  private end(roomId: number | undefined, tail: Promise<unknown>): void {
    if (this.tail === tail) {
      // The last one: the others have ended before it.
      this.tail = this.about = undefined;
      return;
    }
    const left = (this.about?.get(roomId) ?? 0) - 1;
    if (left > 0) this.about?.set(roomId, left);
    else this.about?.delete(roomId);
  }
}
