import { isOfInputMethod } from '../input-method.js';

/** What of a key press decides. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly isComposing: boolean;
  readonly keyCode: number;
}

/**
 * Whether this key press sends. A keyboard on a screen has no Shift + Enter: there Enter starts a new line, and the button
 * sends; so does Ctrl or Cmd + Enter, of a keyboard that is attached. Enter also picks a candidate of an input method: then it
 * must not.
 */
export function isSendKey(press: KeyPress, isOnScreen = false): boolean {
  if (press.key !== 'Enter' || press.shiftKey || press.altKey || isOfInputMethod(press)) return false;
  return press.ctrlKey || press.metaKey || !isOnScreen;
}

/** How far a key scrolls the messages, in pages, while the text is being written; undefined when it does something else. */
export function pagesOf(press: KeyPress): 1 | -1 | undefined {
  if (press.shiftKey || press.ctrlKey || press.altKey || press.metaKey || press.isComposing) return undefined;
  return press.key === 'PageUp' ? -1 : press.key === 'PageDown' ? 1 : undefined;
}
