import type { Pin } from '@parley/protocol';
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { everySecond } from '../every-second.js';
import { useTexts } from '../i18n/texts.js';
import { serverClock } from '../server-clock.js';
import { useChat, useChatState } from '../site/site-context.js';
import { firstSeq } from '../timeline/timeline.js';
import { livePins } from './live-pins.js';
import styles from './pins-bar.module.css';
import { scrollMessages } from './scroll-messages.js';

const none: readonly Pin[] = [];

/** The pins that hold now: one that is over goes by itself. */
function usePins(key: ThreadKey): readonly Pin[] {
  const { kind, id } = parseKey(key);
  const pins = useChatState((state) => (kind === 'room' && state.roomStates.get(id)?.pins) || none);
  const count = useCallback(() => livePins(pins, serverClock.nowMs()).length, [pins]);
  const held = useSyncExternalStore(everySecond, count);
  return held === pins.length ? pins : livePins(pins, serverClock.nowMs());
}

/** Above the messages: what hosts keep in sight, the newest first, and the way to each of them. */
export function PinsBar({ threadKey }: { readonly threadKey: ThreadKey }) {
  const t = useTexts();
  const pins = [...usePins(threadKey)].reverse();
  const [isOpen, setOpen] = useState(false);
  const jump = useJump(threadKey);
  if (pins.length === 0) return null;
  const shown = isOpen ? pins : pins.slice(0, 1);
  return (
    <section className={styles['bar']} aria-label={t.pins.title} data-testid="pins-bar">
      <span className={styles['mark']}>
        <Icon name="pin" size={16} />
      </span>
      <ul className={styles['list']} id="pins" data-open={isOpen || undefined}>
        {shown.map((pin) => (
          <li key={pin.seq}>
            <button
              type="button"
              className={styles['pin']}
              title={t.pins.jump}
              onClick={() => jump(pin.seq)}
              data-testid="pin"
              data-pin-seq={pin.seq}
            >
              {pin.fromUserName !== '' && <b>{pin.fromUserName}: </b>}
              {pin.text}
            </button>
          </li>
        ))}
      </ul>
      {(pins.length > 1 || isOpen) && (
        <Button
          look="text"
          aria-expanded={isOpen}
          aria-controls="pins"
          onClick={() => setOpen(!isOpen)}
          data-testid="toggle-pins"
        >
          {isOpen ? t.pins.less : t.pins.all(pins.length)}
        </Button>
      )}
    </section>
  );
}

/** What one was led to stands out for so long, milliseconds. Chosen by judgement. */
const FOUND_MS = 2_000;

function leadTo(seq: number): void {
  const target = document.querySelector<HTMLElement>(`#messages [data-seq="${seq}"]`);
  scrollMessages(() => target?.scrollIntoView({ block: 'center' }));
  document.getElementById('messages')?.focus({ preventScroll: true });
  if (!target) return;
  target.dataset['found'] = '';
  setTimeout(() => delete target.dataset['found'], FOUND_MS);
}

/** Leads to a message, wherever it is: what is between it and what is shown is loaded. */
function useJump(key: ThreadKey): (seq: number) => void {
  const chat = useChat();
  const wanted = useRef<number>(undefined);
  const first = useChatState((state) => firstSeq(threadOf(state, key).timeline)) ?? Infinity;
  useEffect(() => {
    const seq = wanted.current;
    if (seq === undefined || first > seq) return;
    wanted.current = undefined;
    leadTo(seq);
  }, [first]);
  return (seq) => {
    if (first <= seq) return leadTo(seq);
    wanted.current = seq;
    void chat.loadBackTo(key, seq);
  };
}
