import { memo } from 'react';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { copyText } from '../text/copy-text.js';
import { formatFull, formatTime } from '../text/dates.js';
import type { Bubble } from '../timeline/rows.js';
import { MessageText } from './message-text.js';
import { Tombstone } from './tombstone.js';
import styles from './message.module.css';

const markIcons = { pending: 'clock', sent: 'check', failed: 'alert' } as const;

/** What can be done about a message that was not sent. */
export interface SendActions {
  retry(bubble: Bubble): void;
  /** Puts it back where it was written, if there is such a place. */
  readonly edit: ((bubble: Bubble) => void) | undefined;
  discard(bubble: Bubble): void;
}

/** One message. `author`: when it stands below another one of theirs, whose header says who and when. */
export const MessageBubble = memo(function MessageBubble(props: {
  readonly bubble: Bubble;
  readonly isOwn: boolean;
  readonly author: string | undefined;
  readonly actions: SendActions;
}) {
  const { bubble, isOwn, actions } = props;
  const t = useTexts();
  const language = useLanguage();
  return (
    <li
      className={styles['bubble']}
      data-testid="message"
      data-key={bubble.key}
      data-status={bubble.status}
      data-seq={bubble.seq}
      data-own={isOwn || undefined}
    >
      {props.author !== undefined && <span className={styles['author']}>{props.author}: </span>}
      <div className={styles['line']} data-line="">
        {bubble.deleted ? (
          <div className={styles['text']} data-deleted="">
            <Tombstone deleted={bubble.deleted} />
          </div>
        ) : (
          <MessageText text={bubble.text} />
        )}
        {isOwn && !bubble.deleted && (
          <span
            className={styles['mark']}
            data-status={bubble.status}
            role="img"
            aria-label={t.message[bubble.status]}
          >
            <Icon name={markIcons[bubble.status]} size={14} />
          </span>
        )}
        {props.author !== undefined && (
          <time
            className={`${styles['time']} ${styles['when']}`}
            dateTime={new Date(bubble.atMs).toISOString()}
            title={formatFull(language, bubble.atMs)}
          >
            {formatTime(language, bubble.atMs)}
          </time>
        )}
      </div>
      {bubble.status === 'failed' && <Failure bubble={bubble} actions={actions} />}
    </li>
  );
});

function Failure({ bubble, actions }: { readonly bubble: Bubble; readonly actions: SendActions }) {
  const t = useTexts();
  const errorText = useErrorText();
  return (
    <div className={styles['failure']} role="alert">
      <span data-testid="send-error">
        {t.message.failed}: {errorText(bubble.errorCode ?? 'INTERNAL')}
      </span>
      <Button look="text" onClick={() => actions.retry(bubble)} data-testid="retry">
        {t.message.retry}
      </Button>
      {actions.edit ? (
        <Button look="text" onClick={() => actions.edit?.(bubble)} data-testid="edit-unsent">
          {t.message.edit}
        </Button>
      ) : (
        <Button look="text" onClick={() => copyText(bubble.text)} data-testid="copy-unsent">
          {t.message.copy}
        </Button>
      )}
      <Button look="text" onClick={() => actions.discard(bubble)} data-testid="discard">
        {t.message.discard}
      </Button>
    </div>
  );
}
