import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { currentRouteState } from '../routing/router.js';
import { useAccount, useDemo } from '../site/site-context.js';
import { useObservable } from '../use-observable.js';
import { CredentialsPage } from './credentials-page.js';

/** Where visitors log in. */
export function LoginPage() {
  const t = useTexts();
  const account = useAccount();
  const demo = useDemo();
  const ended = useObservable(account.state, (state) => state.ended);
  return (
    <CredentialsPage
      id="login"
      title={t.login.title}
      submit={t.login.submit}
      working={t.login.working}
      notice={ended && (ended === 'guest' ? t.login.guestEnded : `${t.login.ended[ended]} ${t.login.kept}`)}
      password="current-password"
      demo={demo}
      send={(name, password) => account.login(name, password)}
      other={
        <>
          {t.login.noAccount}{' '}
          <Link to={{ page: 'register' }} state={currentRouteState()} data-testid="register-link">
            {t.login.register}
          </Link>
        </>
      }
    />
  );
}
