import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { Pane } from './components/pane.js';
import { ReloadNote } from './components/reload-note.js';
import { LanguageProvider } from './i18n/texts.js';
import { loadWords } from './i18n/load-words.js';
import { isReplaced } from './load-part.js';
import { createPreferences } from './preferences/preferences.js';
import { Retries } from './retries.js';
import { PreferencesContext, SiteContext } from './site/site-context.js';
import { Site } from './site/site.js';

const container = document.getElementById('root');
if (!container) throw new Error('index.html has no #root');
const root = createRoot(container);
const preferences = createPreferences();
const site = new Site({
  server: () => import('./server-part.js'),
  chat: () => import('./chat-part.js'),
  door: () => import('./door-part.js'),
});

async function start(): Promise<void> {
  // Until then the page shows what index.html has.
  const { signal } = new AbortController();
  const stopWatching = isReplaced.subscribe(reloadOnce);
  const words = await new Retries().run(() => loadWords(preferences.get().language), { signal });
  stopWatching();
  root.render(
    <StrictMode>
      <PreferencesContext value={preferences}>
        <LanguageProvider preferences={preferences} first={words}>
          <ReloadNote />
          <SiteContext value={site}>
            <Pane>
              <App />
            </Pane>
          </SiteContext>
        </LanguageProvider>
      </PreferencesContext>
    </StrictMode>,
  );
}

/** The site was replaced while the page came, and there is nothing yet to show or to lose. Once: what caches keep comes again. */
function reloadOnce(): void {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (navigation?.type !== 'reload') window.location.reload();
}

void start();
