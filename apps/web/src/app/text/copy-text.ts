/** Puts a text on the clipboard. Over plain HTTP browsers have no clipboard object; there the old command does it. */
export function copyText(text: string): void {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) {
    void clipboard.writeText(text).catch(() => undefined);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  const focused = document.activeElement;
  // What lies under an open dialog cannot be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
}
