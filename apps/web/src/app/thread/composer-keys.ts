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

/** `keyCode` of a key that an input method has taken. */
const takenByInputMethod = 229;

/**
 * Whether this key press sends. Enter also picks a candidate of an input method (Chinese, Japanese, Korean): then it
 * must not. Safari ends the composition before it reports that very Enter, so `isComposing` is false there, and only
 * the key code tells.
 */
export function isSendKey(press: KeyPress): boolean {
  if (press.isComposing || press.keyCode === takenByInputMethod) return false;
  return press.key === 'Enter' && !press.shiftKey && !press.ctrlKey && !press.altKey && !press.metaKey;
}
