import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import { ActButton } from './act-button.js';
import { ConsoleDialog } from './console-dialog.js';
import styles from './hosting.module.css';
import { useActs } from './use-acts.js';
import { useLoaded } from './use-loaded.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** A deleted message as it was sent, and the way back. */
export function OriginalDialog(props: {
  readonly roomId: number;
  readonly seq: number;
  readonly onClose: () => void;
}) {
  const { roomId, seq, onClose } = props;
  const t = useHostingTexts();
  const texts = useTexts();
  const language = useLanguage();
  const errorText = useErrorText();
  const { records } = useChat();
  const nowMs = useToday();
  const { run, isBusy } = useActs(roomId);
  const { value, errorCode, again } = useLoaded(() => records.original(roomId, seq));
  const restore = async () => {
    if (await run({ act: 'restore', seq })) onClose();
  };
  return (
    <ConsoleDialog title={t.message.originalTitle} onClose={onClose} testId="original-dialog">
      {errorCode !== undefined && (
        <ErrorNote text={errorText(errorCode)}>
          <Button look="quiet" onClick={again}>
            {texts.app.retry}
          </Button>
        </ErrorNote>
      )}
      {!value && errorCode === undefined && <LinesSkeleton label={texts.app.loading} />}
      {value && (
        <>
          <p className={styles['hint']}>
            {t.message.originalOf(value.fromUserName, formatMoment(language, value.sentAt, nowMs))}
          </p>
          <blockquote className={styles['original']} data-testid="original">
            {value.msg}
          </blockquote>
          <div className={styles['actions']}>
            <ActButton
              look="primary"
              isBusy={isBusy}
              onClick={() => void restore()}
              data-testid="restore-original"
            >
              {t.message.restore}
            </ActButton>
          </div>
        </>
      )}
    </ConsoleDialog>
  );
}
