import './zod-without-eval.js';
import { StrictMode, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { Button } from './components/button.js';
import { Empty } from './components/empty.js';
import { Pane } from './components/pane.js';
import { LanguageProvider, textsOf } from './i18n/texts.js';
import { createPreferences } from './preferences/preferences.js';
import { Retries } from './retries.js';
import { refusedAddress, resolveEndpoints } from './site/endpoints.js';
import { loadSiteConfig } from './site/load-site-config.js';
import { createSite } from './site/site.js';
import { AccountContext, PreferencesContext } from './site/site-context.js';
import './styles/tokens.css';
import './styles/base.css';

const container = document.getElementById('root');
if (!container) throw new Error('index.html has no #root');
const root = createRoot(container);
const preferences = createPreferences();

function render(content: ReactNode): void {
  root.render(
    <StrictMode>
      <PreferencesContext value={preferences}>
        <LanguageProvider preferences={preferences}>{content}</LanguageProvider>
      </PreferencesContext>
    </StrictMode>,
  );
}

async function start(): Promise<void> {
  const retries = new Retries();
  const page = new AbortController();
  window.addEventListener('online', () => retries.hurry(), { signal: page.signal });
  const failed = () => {
    const { app } = textsOf[preferences.get().language];
    render(
      <Empty icon="alert" title="Parley" text={app.loadFailed}>
        <Button look="primary" onClick={() => retries.hurry(0)}>
          {app.retry}
        </Button>
      </Empty>,
    );
  };
  const config = await retries.run(loadSiteConfig, { signal: page.signal, failed });
  page.abort();
  const endpoints = resolveEndpoints(config, window.location);
  const refused = refusedAddress(endpoints, window.location);
  if (refused) {
    const { app } = textsOf[preferences.get().language];
    return render(
      <Empty icon="alert" title="Parley" text={app.refusedAddress(refused.address, refused.setting)}>
        <Button look="primary" onClick={() => window.location.reload()}>
          {app.retry}
        </Button>
      </Empty>,
    );
  }
  const site = createSite(endpoints, config.demo ?? undefined);
  render(
    <AccountContext value={site.account}>
      <Pane>
        <App site={site} />
      </Pane>
    </AccountContext>,
  );
}
void start();
