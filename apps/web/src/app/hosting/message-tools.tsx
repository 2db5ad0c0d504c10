import { useEffect, useEffectEvent, useState, type RefObject } from 'react';
import { createPortal } from 'react-dom';
import { threadOf } from '../chat/threads/chat-state.js';
import { roomKey } from '../chat/threads/thread-key.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { keepFocus } from '../keep-focus.js';
import { serverClock } from '../server-clock.js';
import { useChat, useChatState } from '../site/site-context.js';
import { useRoomState } from './use-room-state.js';
import styles from './message-tools.module.css';
import { messageOffers } from './offers.js';
import { consoleRequest } from './requests.js';

/** How long a finger rests on a message to ask for its menu, milliseconds, and how far it may move meanwhile, pixels. */
const longPress = { ms: 500, slackPx: 10 } as const;

const messageAt = (target: EventTarget | null): HTMLElement | undefined =>
  (target instanceof Element ? target.closest<HTMLElement>('[data-testid=message][data-seq]') : undefined) ??
  undefined;
const seqOf = (message: HTMLElement): number => Number(message.dataset['seq']);

/**
 * The button on the message under the pointer, the focus or the last touch, and the keys and touches that open its menu. One for
 * the whole list: a busy room has hundreds of messages, and none of them pays for this.
 */
export function MessageTools(props: {
  readonly roomId: number;
  readonly list: RefObject<HTMLElement | null>;
}) {
  const { roomId, list } = props;
  const t = useTexts();
  const chat = useChat();
  const state = useRoomState(roomId);
  const [message, setMessage] = useState<HTMLElement>();
  const key = roomKey(roomId);
  const entryOf = (seq: number) =>
    threadOf(chat.state.get(), key).timeline.messages.find((entry) => entry.seq === seq);
  const hasOffers = (element: HTMLElement): boolean => {
    const entry = entryOf(seqOf(element));
    return (
      entry !== undefined &&
      state !== undefined &&
      messageOffers(entry, chat.me.userId, state, serverClock.nowMs()).length > 0
    );
  };
  // It is looked at again when the room stands otherwise, or the message was deleted.
  const shownSeq = message && seqOf(message);
  useChatState((current) =>
    shownSeq === undefined
      ? undefined
      : threadOf(current, key).timeline.messages.find((entry) => entry.seq === shownSeq),
  );
  const shown = message?.isConnected && hasOffers(message) ? message : undefined;

  const ask = (element: HTMLElement, at?: { x: number; y: number }): boolean => {
    if (!hasOffers(element)) return false;
    const { right, left, top } = (element.querySelector('[data-menu]') ?? element).getBoundingClientRect();
    const isOwn = element.dataset['own'] !== undefined;
    setMessage(element);
    consoleRequest.set({
      what: 'message',
      roomId,
      seq: seqOf(element),
      at: at ?? { x: isOwn ? left : right, y: top },
    });
    return true;
  };
  const open = useEffectEvent(ask);
  const show = useEffectEvent(setMessage);

  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const page = new AbortController();
    const { signal } = page;
    let press: { timer: ReturnType<typeof setTimeout>; x: number; y: number } | undefined;
    let isTouch = false;
    const endPress = () => {
      clearTimeout(press?.timer);
      press = undefined;
    };
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ) => element.addEventListener(name, listener, { signal });

    on('pointerleave', ({ pointerType }) => {
      if (pointerType === 'mouse') show(messageAt(document.activeElement));
    });
    on('focusin', ({ target }) => {
      const found = messageAt(target);
      if (found) show(found);
    });
    on('pointerdown', ({ pointerType, target, clientX: x, clientY: y }) => {
      endPress();
      isTouch = pointerType === 'touch';
      const found = messageAt(target);
      if (!isTouch || !found) return;
      const timer = setTimeout(() => open(found, { x, y }), longPress.ms);
      press = { timer, x, y };
    });
    on('pointermove', ({ target, pointerType, clientX, clientY }) => {
      // Not when it is a message that moves, under a mouse that rests: in a busy room that is every one.
      const found = pointerType === 'mouse' ? messageAt(target) : undefined;
      if (found) show(found);
      if (press && Math.hypot(clientX - press.x, clientY - press.y) > longPress.slackPx) endPress();
    });
    for (const name of ['pointerup', 'pointercancel', 'scroll'] as const) on(name, endPress);
    // A tap shows the button: not everybody can press for long.
    on('click', ({ target }) => {
      const found = messageAt(target);
      if (isTouch && found) show(found);
    });
    on('contextmenu', (event) => {
      const found = messageAt(event.target);
      // The mouse has the browser's own menu, which copies.
      if (found && isTouch && open(found)) event.preventDefault();
    });
    on('keydown', (event) => {
      const focused = messageAt(document.activeElement);
      if (event.key === 'Escape' && focused === document.activeElement) return keepFocus();
      const isMenuKey =
        event.key === '.' || event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10');
      const isOn = focused !== undefined && focused === document.activeElement;
      if (focused && (isMenuKey || (isOn && event.key === 'Enter')) && open(focused)) event.preventDefault();
    });
    const step = (event: KeyboardEvent) => {
      const { key: pressed, altKey, shiftKey, ctrlKey, metaKey } = event;
      if (!altKey || shiftKey || ctrlKey || metaKey || !['ArrowUp', 'ArrowDown'].includes(pressed)) return;
      if (document.querySelector('dialog[open]') || element.closest('[inert]')) return;
      const messages = [...element.querySelectorAll<HTMLElement>('[data-testid=message][data-seq]')];
      const at = messages.indexOf(messageAt(document.activeElement) as HTMLElement);
      const next = pressed === 'ArrowUp' ? (at < 0 ? messages.at(-1) : messages[at - 1]) : messages[at + 1];
      event.preventDefault();
      if (at >= 0 && !next && pressed === 'ArrowDown') return keepFocus();
      if (!next) return;
      next.tabIndex = -1;
      next.focus();
    };
    document.addEventListener('keydown', step, { signal });
    return () => {
      endPress();
      page.abort();
    };
  }, [list]);

  if (!shown) return null;
  // Inside of the message, so that the Tab key and a reader's finger find it there.
  return createPortal(
    <span className={styles['anchor']}>
      <button
        type="button"
        className={styles['button']}
        aria-label={t.message.menu}
        title={t.message.menu}
        aria-haspopup="menu"
        onClick={() => ask(shown)}
        data-menu=""
        data-testid="message-tools"
      >
        <Icon name="dots" size={18} />
      </button>
    </span>,
    shown.querySelector('[data-line]') ?? shown,
  );
}
