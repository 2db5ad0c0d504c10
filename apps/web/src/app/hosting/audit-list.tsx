import type { AuditPage } from '@parley/protocol';
import { useEffect, useState } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatFull, formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import { codeOf } from './act-runner.js';
import styles from './hosting.module.css';
import { useLoaded } from './use-loaded.js';
import { logText, roleText, type AuditLine } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Lines that are loaded at a time: more than fit on a screen. */
const PAGE = 20;
/** How often the newest are looked up while they are shown, milliseconds: an act is on record a moment after it is done. */
const FOLLOW_MS = 3_000;

/** What was done in a room, the newest first. `about`: only what was done to this user. */
export function AuditList(props: {
  readonly roomId: number;
  readonly about?: number;
  readonly empty: string;
}) {
  const { roomId, about, empty } = props;
  const t = useHostingTexts();
  const texts = useTexts();
  const errorText = useErrorText();
  const { records } = useChat();
  const read = (before?: number): Promise<AuditPage> =>
    records.audit(roomId, {
      limit: PAGE,
      ...(about !== undefined && { about }),
      ...(before !== undefined && { before }),
    });
  const [later, setLater] = useState<readonly AuditPage[]>([]);
  // Not any more once earlier ones are there: between those and a newer first page some would be missing.
  const round = useRounds(FOLLOW_MS, later.length === 0);
  const first = useLoaded(() => read(), round);
  const [isLoading, setLoading] = useState(false);
  const [errorCode, setErrorCode] = useState<string>();

  if (first.errorCode !== undefined && !first.value) {
    return (
      <ErrorNote text={`${t.loadFailed} ${errorText(first.errorCode)}`}>
        <Button look="quiet" onClick={first.again}>
          {texts.app.retry}
        </Button>
      </ErrorNote>
    );
  }
  if (!first.value) return <LinesSkeleton label={texts.app.loading} />;
  const pages = [first.value, ...later];
  // What is new moves the pages.
  const lines = [...new Map(pages.flatMap((page) => page.lines).map((line) => [line.seq, line])).values()];
  const last = lines.at(-1);
  const earlier = async () => {
    if (!last || isLoading) return;
    setLoading(true);
    setErrorCode(undefined);
    try {
      const page = await read(last.seq);
      setLater((before) => [...before, page]);
    } catch (error) {
      setErrorCode(codeOf(error));
    } finally {
      setLoading(false);
    }
  };
  return (
    <>
      {lines.length === 0 && <p className={styles['hint']}>{empty}</p>}
      <ol className={styles['log']} data-testid="audit">
        {lines.map((line) => (
          <AuditEntry key={line.seq} line={line} />
        ))}
      </ol>
      {errorCode !== undefined && <ErrorNote text={`${t.loadFailed} ${errorText(errorCode)}`} />}
      {pages.at(-1)?.more && (
        <Button look="quiet" aria-busy={isLoading} onClick={() => void earlier()} data-testid="audit-more">
          {t.earlier}
        </Button>
      )}
    </>
  );
}

/** Counts up while it is shown, and on. */
function useRounds(everyMs: number, isOn: boolean): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(() => setRound((before) => before + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, isOn]);
  return round;
}

function AuditEntry({ line }: { readonly line: AuditLine }) {
  const t = useHostingTexts();
  const language = useLanguage();
  const nowMs = useToday();
  const moment = (ms: number) => formatMoment(language, ms, nowMs);
  const { actor, target, reason, at, seq } = line;
  return (
    <li data-testid="audit-line" data-act={line.act}>
      <p>
        <strong>{actor.userName}</strong> ({roleText(t, actor.role)}) {logText(t, line, moment)}
        {target && (
          <>
            {' · '}
            <strong>{target.userName}</strong>
          </>
        )}
        {reason !== undefined && <q>{reason}</q>}
      </p>
      <p className={styles['hint']}>
        <time dateTime={new Date(at).toISOString()} title={formatFull(language, at)}>
          {moment(at)}
        </time>
        {' · '}
        {t.settings.logSeq(seq)}
      </p>
    </li>
  );
}
