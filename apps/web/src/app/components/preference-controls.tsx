import { useTexts } from '../i18n/texts.js';
import { chooseLanguage, chooseTheme, type Language, type Theme } from '../preferences/preferences.js';
import { usePreferences } from '../site/site-context.js';
import { useObservable } from '../use-observable.js';
import styles from './preference-controls.module.css';

/** Language and colours. Each language is named in itself, for whoever cannot read the present one. */
export function PreferenceControls() {
  const t = useTexts();
  const preferences = usePreferences();
  const { theme, language } = useObservable(preferences, (value) => value);
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
    </div>
  );
}
