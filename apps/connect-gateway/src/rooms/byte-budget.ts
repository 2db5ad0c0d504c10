/** Bytes that all rooms of a gateway hold of one kind; who adds to them waits while there are too many. */
export class ByteBudget {
  private used = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(readonly maxBytes: number) {}

  get usedBytes(): number {
    return this.used;
  }

  add(bytes: number): void {
    this.used += bytes;
  }

  release(bytes: number): void {
    this.used -= bytes;
    if (this.used <= this.maxBytes) for (const goOn of this.waiting.splice(0)) goOn();
  }

  /** Resolves when no more than the maximum is held. */
  async whenFree(): Promise<void> {
    while (this.used > this.maxBytes) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
