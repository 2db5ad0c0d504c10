/** The keyboard is on the screen. It hides half of a room: it opens when it is asked for. */
export const hasScreenKeyboard = (): boolean => window.matchMedia('(pointer: coarse)').matches;

/** What was pressed goes away: the focus must not go with it. */
export function keepFocus(): void {
  document.getElementById(hasScreenKeyboard() ? 'messages' : 'composer')?.focus({ preventScroll: true });
}
