import { useEffect, type ReactNode } from 'react';
import { PreferenceControls } from '../components/preference-controls.js';
import { useTexts } from '../i18n/texts.js';
import styles from './auth-page.module.css';

/** The frame of the pages for visitors. */
export function AuthPage(props: { readonly title: string; readonly children: ReactNode }) {
  const t = useTexts();
  useEffect(() => {
    document.title = `${props.title} · Parley`;
  }, [props.title]);
  return (
    <main className={styles['page']}>
      <div className={styles['brand']}>
        <img src="/icon.svg" alt="" />
        <span className={styles['name']}>Parley</span>
        <p className={styles['tagline']}>{t.app.tagline}</p>
      </div>
      <section className={styles['card']}>
        <h1>{props.title}</h1>
        {props.children}
      </section>
      <div className={styles['preferences']}>
        <PreferenceControls />
      </div>
    </main>
  );
}
