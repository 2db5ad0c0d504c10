import { useLayoutEffect, useRef, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.js';
import { Button } from './button.js';
import styles from './dialog.module.css';
import { Icon } from './icon.js';

/** What of a dialog scrolls, when there is more of it than fits. */
export function DialogContent({ children }: { readonly children: ReactNode }) {
  return <div className={styles['content']}>{children}</div>;
}

/** Something over the page that wants an answer first. A field in it has the focus. Esc, and a click beside it, close it; the focus is then where it was. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly testId: string;
}) {
  const t = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    // Browsers begin at the first thing that takes keys: the button that closes.
    element?.querySelector('input')?.focus();
    // Closing gives the focus back, being taken away does not.
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles['dialog']}
      aria-label={props.title}
      onClose={props.onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
      data-testid={props.testId}
    >
      <div className={styles['body']}>
        <div className={styles['head']}>
          <h2>{props.title}</h2>
          <Button look="icon" aria-label={t.app.close} onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </Button>
        </div>
        {props.children}
      </div>
    </dialog>
  );
}
