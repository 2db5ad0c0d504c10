import { memo } from 'react';
import { initialOf, toneOf } from '../text/avatar.js';
import styles from './avatar.module.css';

/** A user's initial on their colour. Decoration: the name stands beside it. */
export const Avatar = memo(function Avatar(props: {
  readonly userId: number;
  readonly userName: string;
  readonly isSmall?: boolean;
}) {
  return (
    <span
      className={props.isSmall ? `${styles['avatar']} ${styles['small']}` : styles['avatar']}
      data-tone={toneOf(props.userId)}
      aria-hidden="true"
    >
      {initialOf(props.userName)}
    </span>
  );
});
