import { useLanguage, useTexts } from '../../i18n/texts.js';
import { en, type HostingTexts } from './en.js';
import { zh } from './zh.js';

/** The console's texts. Loaded with the console, both languages: together they are a few kilobytes, and most people need none. */
export function useHostingTexts(): HostingTexts {
  const { role: roles } = useTexts();
  const words = { en, zh }[useLanguage()];
  return { ...words, roles };
}
