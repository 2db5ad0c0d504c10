import { ApiError } from '@parley/client';
import { limits } from '@parley/protocol';
import { useState, type SubmitEvent } from 'react';
import { registrationProblem } from '../account/check-registration.js';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { PasswordField, TextField } from '../components/field.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { currentRouteState } from '../routing/router.js';
import { useAccount } from '../site/site-context.js';
import { AuthPage } from './auth-page.js';
import styles from './auth-page.module.css';

/** Where visitors make an account. They are logged in afterwards. */
export function RegisterPage() {
  const t = useTexts();
  const errorText = useErrorText();
  const account = useAccount();
  const [problem, setProblem] = useState<string>();
  const [isWorking, setWorking] = useState(false);

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name, password, repeated] = ['name', 'password', 'repeated'].map((field) =>
      String(form.get(field)),
    );
    const typed = { name: name ?? '', password: password ?? '', repeated: repeated ?? '' };
    const found = registrationProblem(typed, t.register);
    setProblem(found);
    if (found !== undefined) return;
    setWorking(true);
    try {
      await account.register(typed.name.trim(), typed.password);
    } catch (error) {
      setProblem(errorText(error instanceof ApiError ? error.code : 'INTERNAL'));
      setWorking(false);
    }
  };

  return (
    <AuthPage title={t.register.title}>
      {problem !== undefined && <ErrorNote text={problem} />}
      <form className={styles['form']} onSubmit={submit} noValidate>
        <TextField
          label={t.login.name}
          name="name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          data-testid="register-name"
        />
        <PasswordField
          label={t.login.password}
          hint={t.register.passwordHint(limits.minPasswordCodePoints)}
          name="password"
          autoComplete="new-password"
          required
          data-testid="register-password"
        />
        <PasswordField
          label={t.register.repeat}
          name="repeated"
          autoComplete="new-password"
          required
          data-testid="register-repeat"
        />
        <Button look="primary" type="submit" disabled={isWorking} data-testid="register-submit">
          {isWorking ? t.register.working : t.register.submit}
        </Button>
      </form>
      <p className={styles['other']}>
        {t.register.haveAccount}{' '}
        <Link to={{ page: 'login' }} state={currentRouteState()}>
          {t.register.login}
        </Link>
      </p>
    </AuthPage>
  );
}
