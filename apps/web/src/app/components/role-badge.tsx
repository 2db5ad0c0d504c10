import type { RoomRole } from '@parley/protocol';
import { useTexts } from '../i18n/texts.js';
import styles from './role-badge.module.css';

/**
 * Beside a name: what somebody is in the room. Nothing for who is a member like others.
 *
 * @param role - As the server says: nothing that people write looks like it.
 */
export function RoleBadge({ role }: { readonly role: RoomRole | undefined }) {
  const t = useTexts();
  if (role === undefined || role === 'member') return null;
  return (
    <span className={styles['badge']} data-role={role} data-testid="role-badge">
      {t.role[role]}
    </span>
  );
}
