import { commandsFor } from '@parley/client';
import type { RoomRole } from '@parley/protocol';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { aboutOf } from './about.js';
import styles from './commands.module.css';

/** Above the composer: the commands that one may use here. */
export function CommandHelp({
  role,
  onClose,
}: {
  readonly role: RoomRole | undefined;
  readonly onClose: () => void;
}) {
  const t = useTexts();
  return (
    <section className={styles['help']} aria-label={t.commands.title} data-testid="command-help">
      <div className={styles['head']}>
        <h2>{t.commands.title}</h2>
        <Button look="icon" aria-label={t.app.close} onClick={onClose} data-testid="close-help">
          <Icon name="close" />
        </Button>
      </div>
      <dl>
        {commandsFor(role).map(({ name, usage }) => (
          <div key={name} className={styles['line']}>
            <dt className={styles['usage']}>{usage}</dt>
            <dd className={styles['about']}>{aboutOf(t, name)}</dd>
          </div>
        ))}
        <div className={styles['line']}>
          <dt className={styles['usage']}>{'//…'}</dt>
          <dd className={styles['about']}>{t.commands.literal}</dd>
        </div>
      </dl>
    </section>
  );
}
