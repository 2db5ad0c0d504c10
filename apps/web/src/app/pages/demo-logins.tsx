import { useId } from 'react';
import { Button } from '../components/button.js';
import { useTexts } from '../i18n/texts.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import styles from './auth-page.module.css';

/** Lets whoever tries Parley out in with one click. */
export function DemoLogins(props: {
  readonly demo: DemoAccounts;
  readonly isDisabled: boolean;
  readonly onChoose: (userName: string, password: string) => void;
}) {
  const { demo, isDisabled, onChoose } = props;
  const t = useTexts();
  const id = useId();
  return (
    <div className={styles['demo']} role="group" aria-labelledby={id} data-testid="demo-logins">
      <p id={id}>{t.login.demo}</p>
      {demo.userNames.map((userName) => (
        <Button
          key={userName}
          look="quiet"
          disabled={isDisabled}
          onClick={() => onChoose(userName, demo.password)}
          translate="no"
          data-testid="demo-login"
        >
          {userName}
        </Button>
      ))}
    </div>
  );
}
