import { Op } from '@parley/protocol';
import { useMemo, useState } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import { roomKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { useLanguage } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';
import { formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import { ActButton, AskButton } from './act-button.js';
import styles from './hosting.module.css';
import type { Person } from './offers.js';
import { SelectField } from './select-field.js';
import { useActs } from './use-acts.js';
import { durationText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

const lastSecondsChoices = [60, 300, 600, 1_800, 3_600, 86_400] as const;

/** What somebody wrote in a room, as far as it is loaded, the newest first; each can be deleted, and all of the last minutes. */
export function TheirMessages(props: {
  readonly roomId: number;
  readonly person: Person;
  readonly mayDelete: boolean;
}) {
  const { roomId, person, mayDelete } = props;
  const { userId, userName } = person;
  const t = useHostingTexts();
  const language = useLanguage();
  const chat = useChat();
  const nowMs = useToday();
  const { run, isBusy } = useActs(roomId);
  const key = roomKey(roomId);
  const { timeline, older } = useChatState((state) => threadOf(state, key));
  const [lastSeconds, setLast] = useState('300');
  const theirs = useMemo(
    () =>
      timeline.messages
        .flatMap((entry) => (entry.op !== Op.event && entry.fromUserId === userId ? [entry] : []))
        .reverse(),
    [timeline.messages, userId],
  );
  const time = durationText(t, Number(lastSeconds));
  return (
    <div className={styles['group']}>
      {mayDelete && (
        <>
          <SelectField
            label={t.person.deleteLast}
            value={lastSeconds}
            onChange={setLast}
            options={lastSecondsChoices.map((value) => [String(value), durationText(t, value)])}
            testId="delete-last"
          />
          <AskButton
            key={lastSeconds}
            label={t.message.delete}
            question={t.person.deleteAsk(userName, time)}
            isBusy={isBusy}
            onYes={() => void run({ act: 'delete', userId, lastSeconds: Number(lastSeconds) }, userName)}
            testId="delete-theirs"
          />
        </>
      )}
      <p className={styles['hint']}>{t.person.messagesHint}</p>
      {theirs.length === 0 && <p className={styles['hint']}>{t.person.noMessages}</p>}
      <ol className={styles['log']}>
        {theirs.map((message) => (
          <li
            key={message.seq}
            className={styles['line']}
            data-testid="their-message"
            data-deleted={message.deleted !== undefined || undefined}
          >
            <div>
              <p>{message.deleted ? t.message.originalTitle : message.msg}</p>
              <p className={styles['hint']}>{formatMoment(language, message.sentAt, nowMs)}</p>
            </div>
            {mayDelete && !message.deleted && (
              <ActButton
                look="quiet"
                isBusy={isBusy}
                aria-label={`${t.message.delete}: ${message.msg.slice(0, 40)}`}
                onClick={() => void run({ act: 'delete', seq: message.seq }, userName)}
              >
                {t.message.delete}
              </ActButton>
            )}
          </li>
        ))}
      </ol>
      {!timeline.reachedStart && (
        <Button
          look="quiet"
          aria-busy={older === 'loading'}
          onClick={() => older === 'idle' && chat.loadOlder(key)}
        >
          {t.earlier}
        </Button>
      )}
    </div>
  );
}
