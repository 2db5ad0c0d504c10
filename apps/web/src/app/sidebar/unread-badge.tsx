import { useTexts } from '../i18n/texts.js';
import styles from './sidebar.module.css';

/** More are not counted out. */
const mostShown = 99;

/** How many messages wait; nothing when none do. */
export function UnreadBadge({ count }: { readonly count: number }) {
  const t = useTexts();
  if (count === 0) return null;
  return (
    <span className={styles['badge']} data-testid="unread" role="img" aria-label={t.sidebar.unread(count)}>
      {count > mostShown ? `${mostShown}+` : count}
    </span>
  );
}
