import { keepFocus } from '../../keep-focus.js';
import type { Look } from './look.js';

/** What stands on the page for an item. */
export interface View<T> {
  readonly element: Element;
  /** The item is another one with the same key, or it looks otherwise. */
  update(item: T, look: Look): void;
}

/** Keeps the elements in a parent in line with a list of items: what did not change is not touched. */
export class Views<T extends { readonly key: string }> {
  readonly #parent: Element;
  readonly #make: (item: T, look: Look) => View<T>;
  #shown = new Map<string, { readonly view: View<T>; readonly item: T }>();
  #look: Look | undefined;

  /** @param parent - Nothing else is in it. */
  constructor(parent: Element, make: (item: T, look: Look) => View<T>) {
    this.#parent = parent;
    this.#make = make;
  }

  update(items: readonly T[], look: Look): void {
    const isSameLook = look === this.#look;
    const before = this.#shown;
    const shown: typeof before = new Map();
    for (const item of items) {
      const known = before.get(item.key);
      if (known && !(isSameLook && known.item === item)) known.view.update(item, look);
      shown.set(
        item.key,
        known?.item === item ? known : { view: known?.view ?? this.#make(item, look), item },
      );
    }
    this.#shown = shown;
    this.#look = look;
    for (const [key, { view }] of before) if (!shown.has(key)) remove(view.element);
    let next = this.#parent.firstElementChild;
    for (const { view } of shown.values()) {
      if (view.element === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(view.element, next);
    }
  }
}

/** Takes an element away. The focus must not go with it. */
export function remove(element: Element): void {
  if (element.contains(document.activeElement)) keepFocus();
  element.remove();
}
