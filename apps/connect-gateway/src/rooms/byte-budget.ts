/**
 * The part of the maximum that one may hold without having to wait while there are too many bytes. Judgement: 256 KiB of
 * 16 MiB, half a call's worth, so that those who are not the cause do not wait for those who are.
 */
const SMALL_SHARE = 1 / 64;

/**
 * Bytes that all rooms of a gateway hold of one kind. While there are too many, who adds to them waits: those who hold
 * much, and everybody when there are twice as many.
 */
export class ByteBudget {
  private used = 0;
  private waiting: (() => void)[] = [];

  constructor(readonly maxBytes: number) {}

  get usedBytes(): number {
    return this.used;
  }

  add(bytes: number): void {
    this.used += bytes;
  }

  release(bytes: number): void {
    this.used -= bytes;
    const { waiting } = this;
    this.waiting = [];
    for (const lookAgain of waiting) lookAgain();
  }

  /**
   * Resolves when somebody may add more.
   *
   * @param held - Bytes that he holds.
   */
  async whenFree(held: () => number): Promise<void> {
    const { maxBytes } = this;
    const isOver = () =>
      this.used > 2 * maxBytes || (this.used > maxBytes && held() > SMALL_SHARE * maxBytes);
    while (isOver()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
