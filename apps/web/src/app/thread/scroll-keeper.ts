/** This close to the end counts as reading the newest, pixels. */
const endSlackPx = 64;

/** A bubble and where it stood in the window. */
interface Anchor {
  readonly key: string;
  readonly topPx: number;
}

/**
 * Keeps what the reader looks at in place: at the end they stay at the end, elsewhere nothing moves, whatever is
 * added or removed above or below. Browsers do part of this themselves (scroll anchoring), but not all of them.
 *
 * Elements with `data-key` are what it holds on to.
 */
export class ScrollKeeper {
  #anchor: Anchor | undefined;
  #isPinned = true;

  constructor(readonly element: HTMLElement) {}

  get distanceToEndPx(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight;
  }

  get isAtEnd(): boolean {
    return this.distanceToEndPx <= endSlackPx;
  }

  /** The reader scrolled. @param mayPin - There is nothing newer: who is at the end stays at the end. */
  scrolled(mayPin: boolean): void {
    this.#isPinned = mayPin && this.isAtEnd;
    this.#anchor = this.#firstVisible();
  }

  /** What is shown has changed: puts everything back where it was. Call before the browser paints. */
  settle(): void {
    if (this.#isPinned) this.element.scrollTop = this.element.scrollHeight;
    else if (this.#anchor) {
      const again = this.element.querySelector(`[data-key="${CSS.escape(this.#anchor.key)}"]`);
      if (again) this.element.scrollTop += again.getBoundingClientRect().top - this.#anchor.topPx;
    }
    this.#anchor = this.#firstVisible();
  }

  /** Goes to the end and stays there. */
  toEnd(): void {
    this.#isPinned = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Shows an element a little below the top. @returns False when it is in sight at the end anyway. */
  toElement(target: Element): boolean {
    this.element.scrollTop = this.element.scrollHeight;
    const top = target.getBoundingClientRect().top - this.element.getBoundingClientRect().top;
    if (top >= 0) return false;
    this.element.scrollTop += top - this.element.clientHeight / 5;
    this.scrolled(false);
    return true;
  }

  /** By halving: a room shows hundreds of bubbles, and this runs on every scroll event. */
  #firstVisible(): Anchor | undefined {
    const bubbles = this.element.querySelectorAll<HTMLElement>('[data-key]');
    const topPx = this.element.getBoundingClientRect().top;
    let low = 0;
    let high = bubbles.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bubbles[middle]?.getBoundingClientRect().bottom ?? 0) > topPx) high = middle;
      else low = middle + 1;
    }
    const found = bubbles[low];
    const key = found?.dataset['key'];
    return found && key !== undefined ? { key, topPx: found.getBoundingClientRect().top } : undefined;
  }
}
