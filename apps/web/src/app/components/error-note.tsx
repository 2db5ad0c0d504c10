import type { ReactNode } from 'react';
import { Icon } from './icon.js';
import styles from './error-note.module.css';

/** Says what went wrong, and offers a way on. Screen readers say it at once. */
export function ErrorNote(props: { readonly text: string; readonly children?: ReactNode }) {
  return (
    <div className={styles['note']} role="alert" data-testid="error">
      <Icon name="alert" />
      <span className={styles['text']}>{props.text}</span>
      {props.children}
    </div>
  );
}
