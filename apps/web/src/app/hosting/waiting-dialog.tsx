import { limits, type Decided, type WaitingPerson } from '@parley/protocol';
import { useRef, useState } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatMoment } from '../text/dates.js';
import { useServerClock } from '../use-server-clock.js';
import { ActButton, AskButton } from './act-button.js';
import { codeOf } from './act-runner.js';
import { ConsoleDialog } from './console-dialog.js';
import styles from './hosting.module.css';
import { useWaitingList } from './use-waiting-list.js';
import { durationText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Who waits to be let in, and letting in, or not: one, or all who wait at that moment. */
export function WaitingDialog({
  roomId,
  onClose,
}: {
  readonly roomId: number;
  readonly onClose: () => void;
}) {
  const all = useHostingTexts();
  const t = all.waiting;
  const texts = useTexts();
  const errorText = useErrorText();
  const { door } = useChat();
  const { list, errorCode, again } = useWaitingList(roomId, limits.maxWaitingPage);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [did, setDid] = useState('');
  const queue = useRef<HTMLDivElement>(null);

  const decide = async (ask: () => Promise<Decided>, words: (count: number) => string) => {
    setProblem(undefined);
    setBusy(true);
    try {
      setDid(words((await ask()).decided));
    } catch (error) {
      setProblem(codeOf(error));
    } finally {
      setBusy(false);
      again();
      // The button that was pressed may be gone with its line.
      queue.current?.focus();
    }
  };
  const admit = (whom: readonly number[] | 'all', later = false) =>
    void decide(() => door.admitWaiting(roomId, whom, { later }), t.admitted);
  const deny = (whom: readonly number[] | 'all') =>
    void decide(() => door.denyWaiting(roomId, whom), t.denied);
  const failed = problem ?? (list ? undefined : errorCode);
  return (
    <ConsoleDialog title={t.title} onClose={onClose} testId="waiting-dialog">
      <p role="status" data-testid="waiting-did">
        {did}
      </p>
      {failed !== undefined && (
        <ErrorNote text={errorText(failed)}>
          <Button look="quiet" onClick={again}>
            {texts.app.retry}
          </Button>
        </ErrorNote>
      )}
      <div ref={queue} tabIndex={-1} role="group" aria-label={t.title}>
        {!list && failed === undefined && <LinesSkeleton label={texts.app.loading} />}
        {list?.total === 0 && <p className={styles['hint']}>{t.nobody}</p>}
        {list && list.total > 0 && (
          <>
            <div className={styles['buttons']}>
              <ActButton look="primary" isBusy={isBusy} onClick={() => admit('all')} data-testid="admit-all">
                {t.admitAll(list.total)}
              </ActButton>
              <ActButton
                look="quiet"
                isBusy={isBusy}
                onClick={() => admit('all', true)}
                data-testid="admit-all-later"
              >
                {t.admitLater}
              </ActButton>
              <AskButton
                label={t.denyAll}
                question={t.denyAsk(list.total)}
                isBusy={isBusy}
                onYes={() => deny('all')}
                testId="deny-all"
              />
            </div>
            <ul className={styles['log']} data-testid="waiting-list">
              {list.people.map((person) => (
                <PersonLine
                  key={person.userId}
                  person={person}
                  isBusy={isBusy}
                  onAdmit={() => admit([person.userId])}
                  onDeny={() => deny([person.userId])}
                />
              ))}
            </ul>
            {list.more && <p className={styles['hint']}>{t.more(list.total - list.people.length)}</p>}
          </>
        )}
      </div>
    </ConsoleDialog>
  );
}

function PersonLine(props: {
  readonly person: WaitingPerson;
  readonly isBusy: boolean;
  readonly onAdmit: () => void;
  readonly onDeny: () => void;
}) {
  const { userId, userName, isGuest, since, invitedBy, invitedAt } = props.person;
  const all = useHostingTexts();
  const t = all.waiting;
  const language = useLanguage();
  const nowMs = useServerClock();
  const seconds = Math.max(1, Math.floor((nowMs - since) / 1_000));
  // To the minute, as soon as there is one: what changes every second cannot be read.
  const long = durationText(all, seconds < 60 ? seconds : 60 * Math.floor(seconds / 60));
  const by =
    invitedBy === undefined
      ? t.byCode
      : t.byInvite(invitedBy, formatMoment(language, invitedAt ?? since, nowMs));
  return (
    <li className={styles['line']} data-testid="waiting-person" data-user-id={userId}>
      <div>
        <p>
          <strong>{userName}</strong> {isGuest && all.roles.guest}
        </p>
        <p className={styles['hint']}>
          {t.since(long)} · {by}
        </p>
      </div>
      <div className={styles['buttons']}>
        <ActButton
          look="primary"
          isBusy={props.isBusy}
          aria-label={`${t.admit}: ${userName}`}
          onClick={props.onAdmit}
          data-testid="admit"
        >
          {t.admit}
        </ActButton>
        <ActButton
          look="quiet"
          isBusy={props.isBusy}
          aria-label={`${t.deny}: ${userName}`}
          onClick={props.onDeny}
          data-testid="deny"
        >
          {t.deny}
        </ActButton>
      </div>
    </li>
  );
}
