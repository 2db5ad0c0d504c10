import { isHost, Op, type Entry } from '@parley/protocol';
import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import { roomKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { useChat, useChatState } from '../site/site-context.js';
import { useServerClock } from '../use-server-clock.js';
import styles from './hosting.module.css';
import { useRoomState } from './use-room-state.js';
import { messageOffers, type MessageOffer } from './offers.js';
import { consoleRequest, type ConsoleRequest } from './requests.js';
import { useActs } from './use-acts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

type MenuRequest = Extract<ConsoleRequest, { what: 'message' }>;

/** Keys that move in a menu, and where to: from the present item, of so many. */
const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at - 1 + count) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** What can be done about a message, where it was asked for; on a phone at the lower edge. */
export function MessageMenu(props: { readonly request: MenuRequest; readonly onClose: () => void }) {
  const { request, onClose } = props;
  const { roomId, seq, at } = request;
  const t = useHostingTexts();
  const { me } = useChat();
  const nowMs = useServerClock();
  const state = useRoomState(roomId);
  const key = roomKey(roomId);
  const message = useChatState((chat) =>
    threadOf(chat, key).timeline.messages.find((entry) => entry.seq === seq),
  );
  const { run } = useActs(roomId);
  const [isAsking, setAsking] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const offers = message && state ? messageOffers(message, me.userId, state, nowMs) : [];

  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (!element.open) element.showModal();
    const { width, height } = element.getBoundingClientRect();
    const within = (value: number, size: number, room: number) =>
      Math.max(8, Math.min(value, room - size - 8));
    element.style.setProperty('--x', `${within(at.x, width, window.innerWidth)}px`);
    element.style.setProperty('--y', `${within(at.y, height, window.innerHeight)}px`);
    element.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    // Closing gives the focus back, being taken away does not.
    return () => element.close();
  }, [at]);

  const act = (name: 'pin' | 'unpin' | 'delete' | 'restore', entry: Entry) => {
    onClose();
    void run({ act: name, seq: entry.seq }, entry.fromUserName);
  };
  const choose = (offer: MessageOffer, entry: Entry) => {
    switch (offer) {
      case 'delete':
        // Who cannot take it back is asked first.
        return state && isHost(state.role) ? act('delete', entry) : setAsking(true);
      case 'pin':
      case 'unpin':
      case 'restore':
        return act(offer, entry);
      case 'original':
        return consoleRequest.set({ what: 'original', roomId, seq });
      case 'timeout':
      case 'person': {
        const { fromUserId: userId, fromUserName: userName } = entry;
        const guest = entry.op !== Op.event && entry.fromGuest;
        const person = { userId, userName, ...(guest && { guest }) };
        return consoleRequest.set({ what: 'person', roomId, person });
      }
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Tab') {
      event.preventDefault();
      return dialog.current?.close();
    }
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=menuitem]')];
    const next = moves[event.key]?.(
      items.findIndex((item) => item === document.activeElement),
      items.length,
    );
    if (next === undefined) return;
    event.preventDefault();
    items[next]?.focus();
  };
  const textOf = (offer: MessageOffer, name: string) =>
    offer === 'timeout' || offer === 'person' ? t.message[offer](name) : t.message[offer];

  return (
    <dialog
      ref={dialog}
      className={styles['menu']}
      aria-label={t.message.title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
      data-testid="message-menu"
    >
      {isAsking && message ? (
        <div className={styles['ask']} role="group" aria-label={t.message.deleteAsk}>
          <p role="alert">{t.message.deleteAsk}</p>
          <Button look="quiet" autoFocus onClick={onClose}>
            {t.cancel}
          </Button>
          <Button look="primary" onClick={() => act('delete', message)} data-testid="delete-yes">
            {t.message.delete}
          </Button>
        </div>
      ) : (
        <div role="menu" aria-label={t.message.title} onKeyDown={onKeyDown}>
          {offers.map(
            (offer) =>
              message && (
                <button
                  key={offer}
                  type="button"
                  role="menuitem"
                  tabIndex={-1}
                  data-offer={offer}
                  data-testid={`menu-${offer}`}
                  onClick={() => choose(offer, message)}
                >
                  {textOf(offer, message.fromUserName)}
                </button>
              ),
          )}
          {offers.length === 0 && (
            <button type="button" role="menuitem" tabIndex={-1} onClick={onClose}>
              {t.message.nothing}
            </button>
          )}
        </div>
      )}
    </dialog>
  );
}
