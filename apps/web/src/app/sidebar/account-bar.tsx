import { useLayoutEffect, useRef, useState } from 'react';
import { Avatar } from '../components/avatar.js';
import { Button } from '../components/button.js';
import { openDialog } from '../open-dialog.js';
import { Icon } from '../components/icon.js';
import { PreferenceControls } from '../components/preference-controls.js';
import { useTexts } from '../i18n/texts.js';
import { useAccount, useChat } from '../site/site-context.js';
import styles from './sidebar.module.css';

/** Who is logged in, with settings and the way out. */
export function AccountBar() {
  const t = useTexts();
  const account = useAccount();
  const { me } = useChat();
  const section = useRef<HTMLElement>(null);
  const [isOpen, setOpen] = useState(false);
  // On a low screen what opens is further down than the screen is high.
  useLayoutEffect(() => {
    if (isOpen) section.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  return (
    <section ref={section} className={styles['account']} aria-label={t.sidebar.account}>
      {isOpen && (
        <div id="settings" className={styles['settings']}>
          <PreferenceControls withDensity />
          <Button look="quiet" onClick={() => openDialog.set('keys')} data-testid="show-keys">
            {t.keys.title}
          </Button>
        </div>
      )}
      <div className={styles['me']}>
        <Avatar userId={me.userId} userName={me.userName} isSmall />
        <span className={styles['label']} data-testid="me">
          {me.userName}
        </span>
        <Button
          look="icon"
          aria-label={`${t.preferences.language}, ${t.preferences.theme}`}
          title={`${t.preferences.language}, ${t.preferences.theme}`}
          aria-expanded={isOpen}
          aria-controls="settings"
          onClick={() => setOpen(!isOpen)}
          data-testid="settings"
        >
          <Icon name="settings" />
        </Button>
        <Button
          look="icon"
          aria-label={t.sidebar.logout}
          title={t.sidebar.logout}
          onClick={() => account.logout()}
          data-testid="logout"
        >
          <Icon name="logout" />
        </Button>
      </div>
    </section>
  );
}
