/**
 * The button below a list has been pressed: the focus goes to the last entry, after which the new ones come. With the last of
 * them the button is gone.
 */
export function focusLastEntry(button: Element): void {
  button.previousElementSibling?.querySelector<HTMLElement>(':scope > li:last-child a')?.focus();
}
