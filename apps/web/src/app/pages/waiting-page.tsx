import { Button } from '../components/button.js';
import { Empty } from '../components/empty.js';
import { useTexts } from '../i18n/texts.js';
import { useSite } from '../site/site-context.js';
import type { RefusedAddress } from '../site/endpoints.js';

/** What index.html shows before any script is here; the styles are there. */
export function SplashPage() {
  return (
    <div className="splash" data-testid="splash">
      <img src="/icon.svg" alt="" />
      <span>Parley</span>
    </div>
  );
}

/** There is no page yet for somebody who is logged in, and why. It is tried again by itself. */
export function UnreachablePage() {
  const { app } = useTexts();
  const site = useSite();
  return (
    <Empty icon="alert" title="Parley" text={app.loadFailed}>
      <Button look="primary" onClick={() => site.retryNow()}>
        {app.retry}
      </Button>
    </Empty>
  );
}

/** Browsers will not let the page call the server: what to set. */
export function RefusedPage({ refused }: { readonly refused: RefusedAddress }) {
  const { app } = useTexts();
  return (
    <Empty icon="alert" title="Parley" text={app.refusedAddress(refused.address, refused.setting)}>
      <Button look="primary" onClick={() => window.location.reload()}>
        {app.retry}
      </Button>
    </Empty>
  );
}
