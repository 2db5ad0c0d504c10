/** `keyCode` of a key that an input method has taken. */
const TAKEN = 229;

/**
 * Whether a key is an input method's (Chinese, Japanese, Korean): it picks a candidate, or drops what is being composed, and does
 * nothing else. Safari ends the composition before it reports that very key, so `isComposing` is false there, and only the key
 * code tells.
 */
export const isOfInputMethod = (press: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean =>
  press.isComposing || press.keyCode === TAKEN;
