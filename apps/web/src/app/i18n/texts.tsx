import { createContext, use, type ReactNode } from 'react';
import type { Observable } from '../observable.js';
import type { Language, Preferences } from '../preferences/preferences.js';
import { useObservable } from '../use-observable.js';
import { en, type Texts } from './en.js';
import { errorText } from './error-texts.js';
import { zh } from './zh.js';

/** Texts by language. */
export const textsOf: Readonly<Record<Language, Texts>> = { en, zh };

const LanguageContext = createContext<Language>('en');

/** Gives everything inside the chosen language. */
export function LanguageProvider(props: {
  readonly preferences: Observable<Preferences>;
  readonly children: ReactNode;
}) {
  const language = useObservable(props.preferences, (value) => value.language);
  return <LanguageContext value={language}>{props.children}</LanguageContext>;
}

/** The language chosen. */
export const useLanguage = (): Language => use(LanguageContext);

/** The texts of the language chosen. */
export const useTexts = (): Texts => textsOf[use(LanguageContext)];

/** Turns an error code into words of the language chosen. */
export function useErrorText(): (code: string) => string {
  const language = use(LanguageContext);
  return (code) => errorText(language, code);
}
