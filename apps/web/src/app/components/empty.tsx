import type { ComponentProps, ReactNode } from 'react';
import styles from './empty.module.css';
import { Icon } from './icon.js';

/** Fills a place that has nothing to show, and says what to do about it. */
export function Empty(props: {
  readonly icon: ComponentProps<typeof Icon>['name'];
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles['empty']}>
      <span className={styles['mark']}>
        <Icon name={props.icon} size={28} />
      </span>
      <h2>{props.title}</h2>
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}
