import { memo } from 'react';
import { initialOf, isLarge, toneOf } from '../text/avatar.js';
import styles from './avatar.module.css';

/** A user's initial on their colour. Decoration: the name stands beside it. */
export const Avatar = memo(function Avatar(props: {
  readonly userId: number;
  readonly userName: string;
  readonly isSmall?: boolean;
}) {
  const initial = initialOf(props.userName);
  return (
    <span
      className={props.isSmall ? `${styles['avatar']} ${styles['small']}` : styles['avatar']}
      data-tone={toneOf(props.userId)}
      data-large={isLarge(initial) || undefined}
      aria-hidden="true"
    >
      {initial}
    </span>
  );
});
