import { ApiError } from '@parley/client';
import { useState, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { PasswordField, TextField } from '../components/field.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { currentRouteState } from '../routing/router.js';
import { useAccount } from '../site/site-context.js';
import { useObservable } from '../use-observable.js';
import { AuthPage } from './auth-page.js';
import styles from './auth-page.module.css';

/** Where visitors log in. After it the app goes on to the room by itself. */
export function LoginPage() {
  const t = useTexts();
  const errorText = useErrorText();
  const account = useAccount();
  const wasLoggedOut = useObservable(account.state, (state) => state.wasLoggedOut);
  const [errorCode, setErrorCode] = useState<string>();
  const [isWorking, setWorking] = useState(false);

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setErrorCode(undefined);
    setWorking(true);
    try {
      await account.login(String(form.get('name')).trim(), String(form.get('password')));
    } catch (error) {
      setErrorCode(error instanceof ApiError ? error.code : 'INTERNAL');
      setWorking(false);
    }
  };

  const message =
    errorCode !== undefined ? errorText(errorCode) : wasLoggedOut ? t.login.loggedOut : undefined;
  return (
    <AuthPage title={t.login.title}>
      {message !== undefined && <ErrorNote text={message} />}
      <form className={styles['form']} onSubmit={submit}>
        <TextField
          label={t.login.name}
          name="name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          data-testid="login-name"
        />
        <PasswordField
          label={t.login.password}
          name="password"
          autoComplete="current-password"
          required
          data-testid="login-password"
        />
        <Button look="primary" type="submit" disabled={isWorking} data-testid="login-submit">
          {isWorking ? t.login.working : t.login.submit}
        </Button>
      </form>
      <p className={styles['other']}>
        {t.login.noAccount}{' '}
        <Link to={{ page: 'register' }} state={currentRouteState()} data-testid="register-link">
          {t.login.register}
        </Link>
      </p>
    </AuthPage>
  );
}
