import { Observable } from '../observable.js';
import { readStored, writeStored } from '../storage.js';

/** `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark';
export type Language = 'en' | 'zh';
/** `compact`: a line for each message, as far as it goes. */
export type Density = 'comfortable' | 'compact';

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
  readonly density: Density;
}

const themeKey = 'parley.theme';
const languageKey = 'parley.language';
const densityKey = 'parley.density';

/** The first language that we speak among those the browser prefers; English when there is none. */
export function preferredLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return 'zh';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

function readPreferences(): Preferences {
  const theme = readStored(themeKey);
  const language = readStored(languageKey);
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    language:
      language === 'zh' || language === 'en'
        ? language
        : preferredLanguage(navigator.languages ?? [navigator.language]),
    density: readStored(densityKey) === 'compact' ? 'compact' : 'comfortable',
  };
}

function apply({ theme, density }: Preferences): void {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
  root.dataset['density'] = density;
}

/** Reads what was chosen, applies it, and keeps every change: in this tab and in the others. */
export function createPreferences(): Observable<Preferences> {
  const preferences = new Observable(readPreferences());
  apply(preferences.get());
  preferences.subscribe(() => apply(preferences.get()));
  window.addEventListener('storage', (event) => {
    if ([themeKey, languageKey, densityKey].includes(event.key ?? '')) preferences.set(readPreferences());
  });
  return preferences;
}

/** Chooses and remembers a theme. `system` forgets the choice: early.js reads the same key. */
export function chooseTheme(preferences: Observable<Preferences>, theme: Theme): void {
  writeStored(themeKey, theme === 'system' ? null : theme);
  preferences.patch({ theme });
}

/** Chooses and remembers a language. */
export function chooseLanguage(preferences: Observable<Preferences>, language: Language): void {
  writeStored(languageKey, language);
  preferences.patch({ language });
}

/** Chooses and remembers how close together messages stand. */
export function chooseDensity(preferences: Observable<Preferences>, density: Density): void {
  writeStored(densityKey, density);
  preferences.patch({ density });
}
