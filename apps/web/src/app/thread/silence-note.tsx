import { FOREVER } from '@parley/protocol';
import { useLanguage, useTexts } from '../i18n/texts.js';
import { formatDuration, formatMoment } from '../text/dates.js';
import { useServerClock } from '../use-server-clock.js';
import styles from './composer.module.css';

/** A wait of up to this is counted down, seconds; a longer one is named by its end. */
const COUNTED_SECONDS = 3_600;

/**
 * Below the composer: why one cannot write, and until when. Screen readers are told once, not with every second.
 *
 * @param until - Milliseconds since 1970, by the server's clock; undefined where nobody knows.
 */
export function SilenceNote(props: {
  readonly text: string;
  readonly until: number | undefined;
  readonly isAlert?: boolean;
}) {
  const { text, until } = props;
  return (
    <span
      className={styles['silence']}
      role={props.isAlert ? 'alert' : 'status'}
      data-testid={props.isAlert ? 'refusal' : 'silence'}
    >
      {text} {until !== undefined && until < FOREVER && <Until until={until} />}
    </span>
  );
}

function Until({ until }: { readonly until: number }) {
  const t = useTexts();
  const language = useLanguage();
  const nowMs = useServerClock();
  const left = Math.ceil((until - nowMs) / 1_000);
  const moment = t.silence.at(formatMoment(language, until, nowMs));
  if (left <= 0) return t.silence.now;
  if (left > COUNTED_SECONDS) return moment;
  return (
    <>
      <span aria-hidden="true" className={styles['countdown']} data-testid="countdown">
        {t.silence.in(formatDuration(left))}
      </span>
      <span className="visually-hidden">{moment}</span>
    </>
  );
}
