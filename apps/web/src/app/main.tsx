import './zod-without-eval.js';
import { StrictMode, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { Button } from './components/button.js';
import { Empty } from './components/empty.js';
import { LanguageProvider, textsOf } from './i18n/texts.js';
import { createPreferences } from './preferences/preferences.js';
import { resolveEndpoints } from './site/endpoints.js';
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
  try {
    const site = createSite(resolveEndpoints(await loadSiteConfig(), window.location));
    render(
      <AccountContext value={site.account}>
        <App site={site} />
      </AccountContext>,
    );
  } catch {
    const { app } = textsOf[preferences.get().language];
    render(
      <Empty icon="alert" title="Parley" text={app.loadFailed}>
        <Button look="primary" onClick={() => void start()}>
          {app.retry}
        </Button>
      </Empty>,
    );
  }
}
void start();
