import { limits } from '@parley/protocol';
import { registrationProblem } from '../account/check-registration.js';
import { PasswordField } from '../components/field.js';
import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { currentRouteState } from '../routing/router.js';
import { useAccount } from '../site/site-context.js';
import { CredentialsPage, type Typed } from './credentials-page.js';

/** Where visitors make an account. They are logged in afterwards. */
export function RegisterPage() {
  const t = useTexts();
  const account = useAccount();
  const check = (typed: Typed) =>
    registrationProblem(
      { name: typed('name'), password: typed('password'), repeated: typed('repeated') },
      t.register,
    );
  return (
    <CredentialsPage
      id="register"
      title={t.register.title}
      submit={t.register.submit}
      working={t.register.working}
      password="new-password"
      passwordHint={t.register.passwordHint(limits.minPasswordCodePoints)}
      check={check}
      nameRefused={t.register.nameRefused}
      send={(name, password) => account.register(name, password)}
      other={
        <>
          {t.register.haveAccount}{' '}
          <Link to={{ page: 'login' }} state={currentRouteState()}>
            {t.register.login}
          </Link>
        </>
      }
    >
      <PasswordField
        label={t.register.repeat}
        name="repeated"
        autoComplete="new-password"
        required
        data-testid="register-repeat"
      />
    </CredentialsPage>
  );
}
