import { isHost } from '@parley/protocol';
import { useEffect } from 'react';
import { parseKey } from '../chat/threads/thread-key.js';
import { consoleRequest } from '../hosting/requests.js';
import { navigate } from '../routing/router.js';
import { useChat } from '../site/site-context.js';
import { openDialog } from '../open-dialog.js';
import { nextUnread, placesOf } from './places.js';

/** Whatever had the focus may have gone: somebody left, a list was cut. Who then writes, writes a message; who scrolls, scrolls these. */
function findFocus({ key, altKey, ctrlKey, metaKey }: KeyboardEvent): void {
  const isLost = document.activeElement === document.body || document.activeElement === null;
  if (!isLost || altKey || ctrlKey || metaKey) return;
  const isText = (key.length === 1 && key !== ' ') || key === 'Process';
  if (isText) document.getElementById('composer')?.focus();
  else if (/^(Page|Arrow)(Up|Down)$|^Home$|^End$/.test(key))
    document.getElementById('messages')?.focus({ preventScroll: true });
}

/** Keys that work everywhere on the chat pages; the help lists them. */
export function useChatKeys(): void {
  const chat = useChat();
  useEffect(() => {
    const goToUnread = (step: 1 | -1) => {
      const state = chat.state.get();
      const place = nextUnread(placesOf(state), state.active, step);
      if (place) navigate(place.route);
    };
    // By its place on the keyboard: with Alt some systems make another letter of it.
    const panic = () => {
      const { active, roomStates } = chat.state.get();
      const roomId = active && parseKey(active).id;
      const room = active?.startsWith('room:') && roomId !== undefined ? roomStates.get(roomId) : undefined;
      if (roomId === undefined || !room || !isHost(room.role)) return;
      consoleRequest.set({ what: room.panic ? 'calm' : 'panic', roomId });
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const { key, altKey, shiftKey } = event;
      const isCommand = (event.ctrlKey || event.metaKey) && !altKey;
      if (isCommand && !shiftKey && key.toLowerCase() === 'k') openDialog.set('switcher');
      else if (isCommand && key === '/') openDialog.set('keys');
      else if (altKey && shiftKey && key === 'ArrowDown') goToUnread(1);
      else if (altKey && shiftKey && key === 'ArrowUp') goToUnread(-1);
      else if (altKey && shiftKey && !event.ctrlKey && event.code === 'KeyP') panic();
      else return findFocus(event);
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => {
      document.removeEventListener('keydown', onKeyDown);
      openDialog.set(undefined);
    };
  }, [chat]);
}
