import { useLanguage } from '../i18n/texts.js';
import { useChat } from '../site/site-context.js';
import { formatFull, formatMoment } from '../text/dates.js';
import { useToday } from '../use-today.js';
import styles from './hosting.module.css';
import { LOG_PAGE, PagedLog } from './paged-log.js';
import { logText, roleText, type AuditLine } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** What was done in a room, the newest first. `about`: only what was done to this user. */
export function AuditList(props: {
  readonly roomId: number;
  readonly about?: number;
  readonly empty: string;
}) {
  const { roomId, about, empty } = props;
  const { records } = useChat();
  return (
    <PagedLog
      load={(before?: number) =>
        records.audit(roomId, {
          limit: LOG_PAGE,
          ...(about !== undefined && { about }),
          ...(before !== undefined && { before }),
        })
      }
      keyOf={({ seq }) => seq}
      entry={(line) => <AuditEntry key={line.seq} line={line} />}
      empty={empty}
      testId="audit"
    />
  );
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
