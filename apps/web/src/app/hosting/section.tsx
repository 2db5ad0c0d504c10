import { useState, type ReactNode } from 'react';
import styles from './hosting.module.css';

/** A part of a dialog that is looked up when somebody opens it. */
export function Section(props: {
  readonly title: string;
  readonly children: ReactNode;
  readonly testId: string;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className={styles['section']}
      onToggle={(event) => event.target === event.currentTarget && setOpen(event.currentTarget.open)}
    >
      <summary data-testid={props.testId}>{props.title}</summary>
      {isOpen && props.children}
    </details>
  );
}
