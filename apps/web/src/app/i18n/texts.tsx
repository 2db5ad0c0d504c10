import { createContext, use, useCallback, useEffect, useLayoutEffect, useState, type ReactNode } from 'react';
import type { Observable } from '../observable.js';
import type { Language, Preferences } from '../preferences/preferences.js';
import { Retries } from '../retries.js';
import { useObservable } from '../use-observable.js';
import type { Texts } from './en.js';
import { errorText } from './error-texts.js';
import { loadWords } from './load-words.js';
import type { Words } from './words.js';

const WordsContext = createContext<Words | undefined>(undefined);

function useWords(): Words {
  const words = use(WordsContext);
  if (words === undefined) throw new Error('rendered outside of its provider');
  return words;
}

/**
 * Gives everything inside the words of the chosen language: the present ones until those of another are here.
 *
 * @param first - Those to begin with.
 */
export function LanguageProvider(props: {
  readonly preferences: Observable<Preferences>;
  readonly first: Words;
  readonly children: ReactNode;
}) {
  const language = useObservable(props.preferences, (value) => value.language);
  const [words, setWords] = useState(props.first);
  const isThere = words.language === language;

  useEffect(() => {
    if (isThere) return;
    const page = new AbortController();
    const { signal } = page;
    const load = async () => {
      const loaded = await new Retries().run(() => loadWords(language), { signal });
      if (!signal.aborted) setWords(loaded);
    };
    // Tried again until another language is chosen.
    load().catch(() => undefined);
    return () => page.abort();
  }, [isThere, language]);

  useLayoutEffect(() => {
    document.documentElement.lang = words.language === 'zh' ? 'zh-Hans' : 'en';
  }, [words]);

  return <WordsContext value={words}>{props.children}</WordsContext>;
}

/** The language that is shown. */
export const useLanguage = (): Language => useWords().language;

/** Its texts. */
export const useTexts = (): Texts => useWords().texts;

/** Turns an error code into its words; the same function while the language is. */
export function useErrorText(): (code: string) => string {
  const { errors } = useWords();
  return useCallback((code) => errorText(errors, code), [errors]);
}
