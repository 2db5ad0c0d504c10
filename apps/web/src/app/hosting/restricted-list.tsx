import type { Restrictions } from '@parley/protocol';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import { ActButton } from './act-button.js';
import styles from './hosting.module.css';
import { useObservable } from '../use-observable.js';
import { useActs, useRunner } from './use-acts.js';
import { useLoaded } from './use-loaded.js';
import { untilText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

type Restriction = Restrictions['restrictions'][number];

/** Who may not write, or not be in a room. `of`: only this user, and nothing is said when nothing holds. */
export function RestrictedList({ roomId, of }: { readonly roomId: number; readonly of?: number }) {
  const t = useHostingTexts();
  const texts = useTexts();
  const errorText = useErrorText();
  const { records } = useChat();
  // What is done, or taken back, may change it.
  const runner = useRunner();
  const lastNotice = useObservable(runner.notices, (notices) => notices.at(-1)?.id);
  const { value, errorCode, again } = useLoaded(() => records.restrictions(roomId), lastNotice);
  if (errorCode !== undefined) {
    return (
      <ErrorNote text={`${t.loadFailed} ${errorText(errorCode)}`}>
        <Button look="quiet" onClick={again}>
          {texts.app.retry}
        </Button>
      </ErrorNote>
    );
  }
  if (!value) return of === undefined ? <LinesSkeleton label={texts.app.loading} /> : null;
  const shown = of === undefined ? value : value.filter(({ userId }) => userId === of);
  if (shown.length === 0)
    return of === undefined ? <p className={styles['hint']}>{t.settings.nobody}</p> : null;
  return (
    <ul className={styles['log']} data-testid="restricted">
      {shown.map((restriction) => (
        <RestrictedLine
          key={`${restriction.kind}:${restriction.userId}`}
          roomId={roomId}
          restriction={restriction}
        />
      ))}
    </ul>
  );
}

function RestrictedLine(props: { readonly roomId: number; readonly restriction: Restriction }) {
  const { userId, userName, kind, until, by, reason } = props.restriction;
  const t = useHostingTexts();
  const language = useLanguage();
  const nowMs = useToday();
  const { run, isBusy } = useActs(props.roomId);
  const end = untilText(t, until, (ms) => formatMoment(language, ms, nowMs));
  const lift = () => run({ act: kind === 'ban' ? 'unban' : 'untimeout', userId }, userName);
  return (
    <li className={styles['line']} data-testid="restricted-line" data-user-id={userId} data-kind={kind}>
      <div>
        <p>
          <strong>{userName}</strong> {kind === 'ban' ? t.person.banned(end) : t.person.muted(end)}
        </p>
        <p className={styles['hint']}>
          {by !== undefined && t.settings.restrictedBy(by)}
          {reason !== undefined && <q>{reason}</q>}
        </p>
      </div>
      <ActButton
        look="quiet"
        isBusy={isBusy}
        aria-label={`${t.person.lift}: ${userName}`}
        onClick={() => void lift()}
        data-testid="lift"
      >
        {t.person.lift}
      </ActButton>
    </li>
  );
}
