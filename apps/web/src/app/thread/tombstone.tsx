import type { Deleted } from '@parley/protocol';
import { useTexts } from '../i18n/texts.js';
import styles from './event-row.module.css';

/** In the place of a text that has been deleted. */
export function Tombstone({ deleted }: { readonly deleted: Deleted | undefined }) {
  const t = useTexts();
  const { by, reason } = deleted ?? {};
  return (
    <span className={styles['tombstone']} data-testid="tombstone">
      {by === 'moderator' ? t.message.deletedByModerator : t.message.deleted}
      {reason !== undefined && ` · ${t.events.reason(reason)}`}
    </span>
  );
}
