import { useTexts } from '../i18n/texts.js';
import {
  chooseDensity,
  chooseLanguage,
  chooseTheme,
  type Density,
  type Language,
  type Theme,
} from '../preferences/preferences.js';
import { usePreferences } from '../site/site-context.js';
import { useObservable } from '../use-observable.js';
import styles from './preference-controls.module.css';

/**
 * Language and colours; where there are messages, how close they stand. Each language is named in itself, for whoever
 * cannot read the present one.
 */
export function PreferenceControls({ withDensity = false }: { readonly withDensity?: boolean }) {
  const t = useTexts();
  const preferences = usePreferences();
  const { theme, language, density } = useObservable(preferences, (value) => value);
  return (
    <div className={styles['controls']}>
      <label className={styles['choice']}>
        {t.preferences.language}
        <select
          className={styles['select']}
          value={language}
          data-testid="language"
          onChange={(event) => chooseLanguage(preferences, event.target.value as Language)}
        >
          <option value="zh">中文</option>
          <option value="en">English</option>
        </select>
      </label>
      <label className={styles['choice']}>
        {t.preferences.theme}
        <select
          className={styles['select']}
          value={theme}
          data-testid="theme"
          onChange={(event) => chooseTheme(preferences, event.target.value as Theme)}
        >
          <option value="system">{t.preferences.system}</option>
          <option value="light">{t.preferences.light}</option>
          <option value="dark">{t.preferences.dark}</option>
        </select>
      </label>
      {withDensity && (
        <label className={styles['choice']}>
          {t.preferences.density}
          <select
            className={styles['select']}
            value={density}
            data-testid="density"
            onChange={(event) => chooseDensity(preferences, event.target.value as Density)}
          >
            <option value="comfortable">{t.preferences.comfortable}</option>
            <option value="compact">{t.preferences.compact}</option>
          </select>
        </label>
      )}
    </div>
  );
}
