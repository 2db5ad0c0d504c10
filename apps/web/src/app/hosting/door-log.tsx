import type { DoorLog } from '@parley/protocol';
import { useState } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useHostDoorTexts } from '../door/words/use-host-door-texts.js';
import { useErrorText, useLanguage, useTexts } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatFull, formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import { codeOf } from './act-runner.js';
import styles from './hosting.module.css';
import { useLoaded } from './use-loaded.js';
import { roleText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

const PAGE = 20;

/** What was done at the door and who came in, the newest first: beside the log of acts, since it has no numbers in the room. */
export function DoorLogList({ roomId }: { readonly roomId: number }) {
  const t = useHostingTexts();
  const texts = useTexts();
  const errorText = useErrorText();
  const { door } = useChat();
  const first = useLoaded(() => door.doorLog(roomId, { limit: PAGE }));
  const [later, setLater] = useState<readonly DoorLog[]>([]);
  const [errorCode, setErrorCode] = useState<string>();
  if (first.errorCode !== undefined) {
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
  const lines = pages.flatMap((page) => page.lines);
  const earlier = async () => {
    const before = lines.at(-1)?.id;
    if (before === undefined) return;
    setErrorCode(undefined);
    try {
      const page = await door.doorLog(roomId, { before, limit: PAGE });
      setLater((known) => [...known, page]);
    } catch (error) {
      setErrorCode(codeOf(error));
    }
  };
  return (
    <>
      {lines.length === 0 && <p className={styles['hint']}>{t.settings.noLog}</p>}
      <ol className={styles['log']} data-testid="door-log">
        {lines.map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </ol>
      {errorCode !== undefined && <ErrorNote text={`${t.loadFailed} ${errorText(errorCode)}`} />}
      {pages.at(-1)?.more && (
        <Button look="quiet" onClick={() => void earlier()} data-testid="door-log-more">
          {t.earlier}
        </Button>
      )}
    </>
  );
}

function Line({ line: { act, actor, at } }: { readonly line: DoorLog['lines'][number] }) {
  const t = useHostingTexts();
  const { did } = useHostDoorTexts().door;
  const language = useLanguage();
  const nowMs = useToday();
  const what = Object.hasOwn(did, act) ? did[act as keyof typeof did] : t.log.other;
  return (
    <li data-testid="door-log-line" data-act={act}>
      <p>
        <strong>{actor.userName}</strong> ({roleText(t, actor.role)}) {what}
      </p>
      <p className={styles['hint']}>
        <time dateTime={new Date(at).toISOString()} title={formatFull(language, at)}>
          {formatMoment(language, at, nowMs)}
        </time>
      </p>
    </li>
  );
}
