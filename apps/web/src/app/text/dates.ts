import type { Texts } from '../i18n/en.js';
import type { Language } from '../preferences/preferences.js';

const locales: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };

/**
 * Whether the reader's own locale counts 12 or 24 hours, whatever language the site is in.
 *
 * @param preferred - As `navigator.languages`. Without any it is 24.
 */
export function countsTo12(preferred: readonly string[]): boolean {
  const [locale] = preferred;
  if (locale === undefined) return false;
  try {
    return new Intl.DateTimeFormat(locale, { hour: 'numeric' }).resolvedOptions().hour12 ?? false;
  } catch {
    // Not a language tag: some privacy settings make one up.
    return false;
  }
}

const readerCountsTo12 = countsTo12(globalThis.navigator?.languages ?? []);
const to12 = { hour: 'numeric', minute: '2-digit', hour12: true } as const;
const to24 = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

function formatter(options: Intl.DateTimeFormatOptions): (language: Language) => Intl.DateTimeFormat {
  // Making one costs about 50 µs, and a room shows hundreds of times.
  const made = new Map<Language, Intl.DateTimeFormat>();
  return (language) => {
    const format = made.get(language) ?? new Intl.DateTimeFormat(locales[language], options);
    made.set(language, format);
    return format;
  };
}

const time12 = formatter(to12);
const time24 = formatter(to24);
const full = formatter({
  weekday: 'long',
  year: 'numeric',
  month: 'long',
  day: 'numeric',
  ...(readerCountsTo12 ? to12 : to24),
  second: '2-digit',
});
const dayThisYear = formatter({ weekday: 'long', month: 'long', day: 'numeric' });
const dayOtherYear = formatter({ year: 'numeric', month: 'long', day: 'numeric' });

/** `09:05`, or `9:05 am` where hours are counted to 12, in the reader's time zone. */
export const formatTime = (language: Language, ms: number, isTo12 = readerCountsTo12): string =>
  (isTo12 ? time12 : time24)(language).format(ms);

/** Date and time in full, for tooltips. */
export const formatFull = (language: Language, ms: number): string => full(language).format(ms);

/** A moment as short as it is clear: the time alone for one of today. */
export function formatMoment(language: Language, ms: number, nowMs: number): string {
  const time = formatTime(language, ms);
  if (dayStart(ms) === dayStart(nowMs)) return time;
  const isThisYear = new Date(ms).getFullYear() === new Date(nowMs).getFullYear();
  return `${(isThisYear ? dayThisYear : dayOtherYear)(language).format(ms)} ${time}`;
}

/** `9` seconds, or `1:05` of minutes and seconds. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Local midnight of the day that an instant falls in, milliseconds: equal for two instants of one day. */
export const dayStart = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** `Today`, `Yesterday`, a weekday with date, or a date with year. */
export function formatDay(language: Language, texts: Texts['day'], ms: number, nowMs: number): string {
  const today = new Date(nowMs);
  const day = dayStart(ms);
  if (day === dayStart(nowMs)) return texts.today;
  // Through the calendar, not minus 24 hours: some days have 23 or 25.
  if (day === new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1).getTime()) {
    return texts.yesterday;
  }
  const isThisYear = new Date(ms).getFullYear() === today.getFullYear();
  return (isThisYear ? dayThisYear : dayOtherYear)(language).format(ms);
}
