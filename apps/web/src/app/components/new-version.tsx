import { useTexts } from '../i18n/texts.js';
import { isReplaced } from '../load-part.js';
import { useObservable } from '../use-observable.js';
import { Button } from './button.js';
import styles from './new-version.module.css';

/** Says that the page has to be loaded anew to go on. Not by itself: somebody may be in the middle of something. */
export function NewVersion() {
  const { app } = useTexts();
  const isShown = useObservable(isReplaced, (value) => value);
  return (
    <div className={styles['place']} role="status">
      {isShown && (
        <p className={styles['note']} data-testid="new-version">
          {app.newVersion}{' '}
          <Button look="text" onClick={() => window.location.reload()} data-testid="reload">
            {app.reload}
          </Button>
        </p>
      )}
    </div>
  );
}
