import { describe, expect, it } from 'vitest';
import { en as english } from '../../i18n/en.js';
import { zh as chinese } from '../../i18n/zh.js';
import { didText, durationText, logText, untilText } from './act-texts.js';
import { en as enWords } from './en.js';
import { zh as zhWords } from './zh.js';

const en = { ...enWords, roles: english.role };
const zh = { ...zhWords, roles: chinese.role };

/** Dotted path → text; a function is called with a number that no text contains by itself. */
function flatten(node: unknown, path = ''): Map<string, string> {
  if (typeof node === 'string') return new Map([[path, node]]);
  if (typeof node === 'function') {
    const call = node as (one: unknown, two: unknown) => unknown;
    return new Map([[path, String(call('987', '654'))]]);
  }
  return new Map(
    Object.entries(node as object).flatMap(([key, value]) => [...flatten(value, `${path}.${key}`)]),
  );
}

describe('the console’s texts', () => {
  const [inEnglish, inChinese] = [flatten(enWords), flatten(zhWords)];

  it('are the same in both languages', () => {
    expect([...inChinese.keys()].sort()).toEqual([...inEnglish.keys()].sort());
  });
  it.each([...inEnglish])('%s is there in both, with what it is about', (path, text) => {
    const other = inChinese.get(path) ?? '';
    expect(text.trim()).not.toBe('');
    expect(other).toMatch(/\p{Script=Han}/u);
    for (const value of ['987', '654']) expect(other.includes(value)).toBe(text.includes(value));
  });
});

describe('what was done', () => {
  const time = (ms: number) => `at ${ms}`;
  const line = (act: string, event: object) => ({
    seq: 40,
    act,
    actor: { userId: 1, userName: 'Ada', role: 'owner' },
    event,
    at: 5,
  });

  it.each([
    [1, '1 second'],
    [90, '90 seconds'],
    [600, '10 minutes'],
    [3_600, '1 hour'],
    [172_800, '2 days'],
  ])('takes %i seconds as %s', (seconds, text) => {
    expect(durationText(en, seconds)).toBe(text);
  });
  it('is a sentence with the name', () => {
    expect(didText(en, { act: 'timeout', userId: 2, seconds: 600 }, 'Mia')).toBe(
      'Mia may not write for 10 minutes.',
    );
    expect(didText(en, { act: 'delete', userId: 2, lastSeconds: 300 }, 'Mia')).toBe(
      'Messages of Mia from the last 5 minutes deleted.',
    );
    expect(didText(zh, { act: 'role', userId: 2, role: 'moderator' }, 'Mia')).toBe('Mia 现在是主持人。');
  });
  it('says in the log until when, which messages, and which settings', () => {
    const ban = { kind: 'ban', userId: 2, userName: 'Mia', until: 9 };
    expect(logText(en, line('ban', ban), time)).toBe('banned (until at 9)');
    expect(logText(en, line('delete', { kind: 'delete', by: 'moderator', range: { from: 3 } }), time)).toBe(
      'deleted messages (no. 3 to 40)',
    );
    const settings = { kind: 'settings', settings: { mode: 'hosts', slowModeWaitTime: 5, opensAt: 7 } };
    expect(logText(en, line('settings', settings), time)).toBe(
      'changed the settings (Only hosts may write · slow mode 5 s · Opens at 7)',
    );
  });
  it('is something unknown for an act, or an event, of a newer server', () => {
    for (const act of ['levitate', 'constructor', 'slow', 'messages'])
      expect(logText(en, line(act, { kind: 'levitation' }), time)).toBe(en.log.other);
  });
  it('ends never when nobody lives to see it', () => {
    expect(untilText(en, undefined, time)).toBe('for good');
    expect(untilText(en, 8_640_000_000_000_000, time)).toBe('for good');
  });
});
