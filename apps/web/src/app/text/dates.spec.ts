import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en.js';
import { zh } from '../i18n/zh.js';
import { countsTo12, dayStart, formatDay, formatDuration, formatMoment, formatTime } from './dates.js';

const at = (...parts: [number, number, number, number?, number?]) =>
  new Date(parts[0], parts[1] - 1, parts[2], parts[3] ?? 0, parts[4] ?? 0).getTime();
const now = at(2026, 11, 23, 10, 0);

it('says how long something lasts', () => {
  expect([1, 59, 60, 3_600].map(formatDuration)).toEqual(['1 s', '59 s', '1:00', '60:00']);
});

it('says the day of a moment only when it is not today', () => {
  expect(formatMoment('en', at(2026, 11, 23, 14, 5), now)).toBe(formatTime('en', at(2026, 11, 23, 14, 5)));
  expect(formatMoment('en', at(2026, 11, 24, 14, 5), now)).toContain('24 November');
  expect(formatMoment('zh', at(2027, 1, 2, 14, 5), now)).toContain('2027年1月2日');
});

describe('formatDay', () => {
  it.each([
    [at(2026, 11, 23, 0, 0), 'Today', '今天'],
    [at(2026, 11, 22, 23, 59), 'Yesterday', '昨天'],
    [at(2026, 11, 21, 12, 0), 'Saturday 21 November', '11月21日星期六'],
    [at(2025, 12, 31, 12, 0), '31 December 2025', '2025年12月31日'],
  ])('%d', (ms, english, chinese) => {
    expect(formatDay('en', en.day, ms, now).replace(',', '')).toBe(english);
    expect(formatDay('zh', zh.day, ms, now).replace(' ', '')).toBe(chinese);
  });
});

it.each([
  [['en-US', 'de'], true],
  [['de', 'en-US'], false],
  [['en-GB'], false],
  [['zh-CN'], false],
  [['ko-KR'], true],
  [['not a tag'], false],
  [[], false],
])('knows whether %j counts to 12', (languages, expected) => {
  expect(countsTo12(languages)).toBe(expected);
});

it('shows times with two digits, or counted to 12', () => {
  expect(formatTime('en', at(2026, 1, 2, 0, 5), false)).toBe('00:05');
  expect(formatTime('zh', at(2026, 1, 2, 21, 5), false)).toBe('21:05');
  expect(formatTime('en', at(2026, 1, 2, 21, 5), true)).toMatch(/^9:05.pm$/);
  expect(formatTime('zh', at(2026, 1, 2, 21, 5), true)).toBe('下午9:05');
});

it('puts two instants of one day together', () => {
  expect(dayStart(at(2026, 5, 5, 0, 0))).toBe(dayStart(at(2026, 5, 5, 23, 59)));
  expect(dayStart(at(2026, 5, 5, 23, 59))).not.toBe(dayStart(at(2026, 5, 6)));
});
