/**
 * Scrolls the list of messages that is open, and tells it at once: a browser does so with the next frame only, and the list would
 * take what had changed its size before for part of the way.
 *
 * @param move - Without effect when no list is on the page.
 */
export function scrollMessages(move: (list: HTMLElement) => void): void {
  const list = document.getElementById('messages');
  if (!list) return;
  move(list);
  list.dispatchEvent(new Event('scroll'));
}
