import type { Texts } from '../i18n/en.js';

/** What a command does, in a few words; empty for one of which nothing is said. */
export const aboutOf = (t: Texts, command: string): string =>
  (t.commands.about as Readonly<Record<string, string>>)[command] ?? '';
