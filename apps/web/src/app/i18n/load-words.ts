import { loadPart } from '../load-part.js';
import type { Language } from '../preferences/preferences.js';
import type { Words } from './words.js';

const parts: Readonly<Record<Language, () => Promise<{ readonly words: Words }>>> = {
  en: () => import('./en-words.js'),
  zh: () => import('./zh-words.js'),
};

/** Loads a language. @throws {ApiError} `NETWORK` */
export async function loadWords(language: Language): Promise<Words> {
  const { words } = await loadPart(parts[language]);
  return words;
}
