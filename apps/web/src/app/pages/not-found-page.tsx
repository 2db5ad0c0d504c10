import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { AuthPage } from './auth-page.js';

/** What an address leads to that no page has. The server has said so, too: with status 404. */
export function NotFoundPage() {
  const { app } = useTexts();
  return (
    <AuthPage title={app.notFoundTitle}>
      <p data-testid="not-found">{app.notFound}</p>
      <p>
        <Link to={{ page: 'home' }} data-testid="home-link">
          {app.toTheChat}
        </Link>
      </p>
    </AuthPage>
  );
}
