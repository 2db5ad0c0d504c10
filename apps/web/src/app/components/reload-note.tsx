import { useTexts } from '../i18n/texts.js';
import { isReplaced, lateParts } from '../load-part.js';
import { useObservable } from '../use-observable.js';
import { Button } from './button.js';
import styles from './reload-note.module.css';

/** Says that the page has to be loaded anew to go on. Not by itself: somebody may be in the middle of something. */
export function ReloadNote() {
  const { app } = useTexts();
  const hasNewVersion = useObservable(isReplaced, (value) => value);
  const isWaiting = useObservable(lateParts, (count) => count > 0);
  return (
    <div className={styles['place']} role="status">
      {(hasNewVersion || isWaiting) && (
        <p className={styles['note']} data-testid={hasNewVersion ? 'new-version' : 'late'}>
          {hasNewVersion ? app.newVersion : app.late}{' '}
          <Button look="text" onClick={() => window.location.reload()} data-testid="reload">
            {app.reload}
          </Button>
        </p>
      )}
    </div>
  );
}
