import type { Language } from '../preferences/preferences.js';
import type { Texts } from './en.js';
import type { ErrorTexts } from './error-texts.js';

/** Everything that the site says, in one language. */
export interface Words {
  readonly language: Language;
  readonly texts: Texts;
  readonly errors: ErrorTexts;
}
