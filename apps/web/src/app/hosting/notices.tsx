import { useEffect, useState } from 'react';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useErrorText } from '../i18n/texts.js';
import { useObservable } from '../use-observable.js';
import type { Notice } from './act-runner.js';
import styles from './hosting.module.css';
import { useRunner } from './use-acts.js';
import { didText } from './words/act-texts.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** How long a notice stays when nobody touches it, milliseconds. Chosen by judgement: what it offers is elsewhere, too. */
const STAY_MS = 12_000;

/** What became of acts, read aloud, with the way back. `isSilent`: something lies over it that shows them. */
export function Notices({ isSilent = false, isInside = false }: { isSilent?: boolean; isInside?: boolean }) {
  const t = useHostingTexts();
  const runner = useRunner();
  const notices = useObservable(runner.notices, (value) => value);
  const isBusy = useObservable(runner.busy, (busy) => busy.size > 0);
  return (
    <div
      className={styles['notices']}
      data-inside={isInside || undefined}
      role="status"
      aria-label={t.notices.label}
      data-testid={isSilent ? undefined : 'notices'}
    >
      {!isSilent && isBusy && <p className={styles['working']}>{t.working}</p>}
      {!isSilent && notices.map((notice) => <NoticeLine key={notice.id} notice={notice} isBusy={isBusy} />)}
    </div>
  );
}

function NoticeLine({ notice, isBusy }: { readonly notice: Notice; readonly isBusy: boolean }) {
  const t = useHostingTexts();
  const errorText = useErrorText();
  const runner = useRunner();
  const [isHeld, setHeld] = useState(false);
  const { id, outcome, errorCode = 'INTERNAL' } = notice;
  useEffect(() => {
    if (isHeld || isBusy) return;
    const timer = setTimeout(() => runner.dismiss(id), STAY_MS);
    return () => clearTimeout(timer);
  }, [isHeld, isBusy, runner, id]);

  const what = didText(t, notice.act, notice.who);
  const texts = {
    done: what,
    undone: t.notices.undone(what),
    failed: t.notices.failed(what, errorText(errorCode)),
  };
  return (
    <div
      className={styles['notice']}
      data-outcome={outcome}
      data-testid="notice"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{texts[outcome]}</span>
      {notice.inverse && (
        <Button
          look="text"
          aria-disabled={runner.isBusy(notice.roomId, notice.act) || undefined}
          onClick={() => void runner.undo(notice)}
          data-testid="undo"
        >
          {t.notices.undo}
        </Button>
      )}
      <Button look="icon" aria-label={t.notices.dismiss} onClick={() => runner.dismiss(id)}>
        <Icon name="close" size={16} />
      </Button>
    </div>
  );
}
