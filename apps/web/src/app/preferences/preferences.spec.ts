import { expect, it } from 'vitest';
import { preferredLanguage } from './preferences.js';

it.each([
  [['zh-CN', 'en'], 'zh'],
  [['zh-Hant-TW'], 'zh'],
  [['de-DE', 'zh'], 'zh'],
  [['en-GB', 'zh-CN'], 'en'],
  [['zhx'], 'en'],
  [[], 'en'],
] as const)('picks from %j', (tags, language) => {
  expect(preferredLanguage(tags)).toBe(language);
});
