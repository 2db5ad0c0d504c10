import { mediaQuery } from './use-browser-state.js';

/** The keyboard is on the screen. It hides half of a room: it opens when it is asked for. */
export const hasScreenKeyboard = (): boolean => mediaQuery('(pointer: coarse)').matches;

/** What was pressed goes away: the focus must not go with it. */
export function keepFocus(): void {
  document.getElementById(hasScreenKeyboard() ? 'messages' : 'composer')?.focus({ preventScroll: true });
}
