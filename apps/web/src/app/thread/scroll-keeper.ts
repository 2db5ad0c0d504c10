/** This close to the end counts as reading the newest, pixels. */
const endSlackPx = 64;

/** An element and where it stood in the window. */
interface Anchor {
  readonly key: string;
  readonly topPx: number;
}

/**
 * Keeps what the reader looks at in place: at the end they stay at the end, elsewhere nothing moves, whatever is
 * added or removed above or below. Browsers do part of this themselves (scroll anchoring), but not all of them.
 *
 * What it holds on to are elements with `data-key` within the children of `content`.
 */
export class ScrollKeeper {
  #anchor: Anchor | undefined;
  #isPinned = true;
  #isPrinting = false;
  /** Where it was scrolled to when last seen. */
  #topPx = 0;
  /** How wide it was then: another width lays out everything anew, and what a browser moves for that is nobody's wish. */
  #widthPx = 0;

  /**
   * @param element - What scrolls.
   * @param content - What is in it, child by child from top to bottom.
   */
  constructor(
    readonly element: HTMLElement,
    readonly content: HTMLElement,
  ) {}

  get distanceToEndPx(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** Whether the reader sees the newest, or will when what is on its way is in place. */
  get isAtEnd(): boolean {
    return this.#isPinned || this.distanceToEndPx <= endSlackPx;
  }

  /** The page is laid out for paper, or may be at any time: where the list stands says nothing. */
  get isPrinting(): boolean {
    return this.#isPrinting;
  }

  /** Nobody but the keeper has scrolled since it last looked. */
  get isInPlace(): boolean {
    return this.#isPrinting || Math.abs(this.element.scrollTop - this.#topPx) < 1;
  }

  /**
   * The list was scrolled: by the reader, or by what was added. Who moves up, however little, wants to leave the end; in
   * a busy room they would be pulled back otherwise. Who did not move up stays pinned, however much came meanwhile.
   *
   * @param mayPin - There is nothing newer: who comes to the end stays at the end. Who is there already does so while what
   *   is newer is on its way, too.
   * @returns Whether the reader is somewhere else now: not for what the keeper did itself.
   */
  scrolled(mayPin: boolean): boolean {
    if (this.#isPrinting) return false;
    // By `settle` itself: each look at a size is time, and in a busy room this runs with every frame.
    if (this.#isPinned && this.element.scrollTop === this.#topPx) return false;
    if (this.#isOtherWidth) {
      this.settle();
      return true;
    }
    const distancePx = this.distanceToEndPx;
    const movedPx = this.element.scrollTop - this.#topPx;
    if (distancePx <= 1 || (movedPx > 0 && distancePx <= endSlackPx)) this.#isPinned ||= mayPin;
    else if (movedPx < -1) this.#isPinned = false;
    this.#remember();
    return true;
  }

  /**
   * What is shown has changed: puts everything back where it was. Call before the browser paints. Whoever scrolled since it last
   * looked, or was taken elsewhere by the browser (a search in the page, the focus), stays there: that is told with the next frame
   * only. Parley's own ways to lead somebody tell it at once: `scrollMessages`.
   */
  settle(): void {
    if (!this.#isPrinting) this.#putBack(this.#movedPx());
  }

  /** The page is about to be printed: what its layout for the paper moves is nobody's wish. */
  beginPrint(): void {
    this.settle();
    this.#isPrinting = true;
  }

  /** It is laid out for the screen again: everything goes back where it was. */
  endPrint(): void {
    this.#isPrinting = false;
    this.#putBack(0);
  }

  /** @param movedPx - How far the reader has scrolled, and wants to be, since it last looked. */
  #putBack(movedPx: number): void {
    if (this.#isPinned && movedPx < -1) this.#isPinned = false;
    else if (this.#isPinned) this.element.scrollTop = this.element.scrollHeight;
    else if (this.#anchor) {
      const again = this.element.querySelector(`[data-key="${CSS.escape(this.#anchor.key)}"]`);
      if (again) this.element.scrollTop += again.getBoundingClientRect().top - (this.#anchor.topPx - movedPx);
    }
    this.#remember();
  }

  /** The reader opens or closes something in front of them: what comes below it does not pull them along. */
  hold(): void {
    this.#isPinned = false;
    this.#remember();
  }

  /** Goes to the end and stays there. */
  toEnd(): void {
    this.#isPinned = true;
    this.element.scrollTop = this.element.scrollHeight;
    this.#remember();
  }

  /** Shows an element a little below the top. @returns False when it is in sight at the end anyway. */
  toElement(target: Element): boolean {
    this.element.scrollTop = this.element.scrollHeight;
    const top = target.getBoundingClientRect().top - this.element.getBoundingClientRect().top;
    if (top >= 0) return false;
    this.element.scrollTop += top - this.element.clientHeight / 5;
    this.hold();
    return true;
  }

  get #isOtherWidth(): boolean {
    return this.element.clientWidth !== this.#widthPx;
  }

  /** How far others have scrolled since it last looked. At the end it cannot be told from what the end itself has moved. */
  #movedPx(): number {
    const movedPx = this.element.scrollTop - this.#topPx;
    return movedPx === 0 || this.#isOtherWidth || this.distanceToEndPx <= 1 ? 0 : movedPx;
  }

  #remember(): void {
    this.#topPx = this.element.scrollTop;
    this.#widthPx = this.element.clientWidth;
    this.#anchor = this.#isPinned ? undefined : this.#firstVisible();
  }

  #firstVisible(): Anchor | undefined {
    const topPx = this.element.getBoundingClientRect().top;
    for (
      let child = firstBelow(this.content.children, topPx);
      child;
      child = child.nextElementSibling ?? undefined
    ) {
      const keyed = child.querySelectorAll<HTMLElement>('[data-key]');
      const found = firstBelow(keyed, topPx);
      const key = found?.dataset['key'];
      if (found && key !== undefined) return { key, topPx: found.getBoundingClientRect().top };
    }
    return undefined;
  }
}

/** The first element that ends below a line, else the last one. By halving: this runs on every scroll event. */
function firstBelow<E extends Element>(elements: ArrayLike<E>, linePx: number): E | undefined {
  let low = 0;
  let high = elements.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((elements[middle]?.getBoundingClientRect().bottom ?? 0) > linePx) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}
