import type { DoorLog } from '@parley/protocol';
import { useHostDoorTexts } from '../door/words/use-host-door-texts.js';
import { useLanguage } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatFull, formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import styles from './hosting.module.css';
import { LOG_PAGE, PagedLog } from './paged-log.js';
import { roleText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** What was done at the door and who came in, the newest first: beside the log of acts, since it has no numbers in the room. */
export function DoorLogList({ roomId }: { readonly roomId: number }) {
  const t = useHostingTexts();
  const { door } = useChat();
  return (
    <PagedLog
      load={(before?: string) =>
        door.doorLog(roomId, { limit: LOG_PAGE, ...(before !== undefined && { before }) })
      }
      keyOf={({ id }) => id}
      entry={(line) => <Line key={line.id} line={line} />}
      empty={t.settings.noLog}
      testId="door-log"
    />
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
