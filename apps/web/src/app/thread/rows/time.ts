import { formatFull, formatTime } from '../../text/dates.js';
import { element } from './element.js';
import type { Look } from './look.js';

/** The time of day; in full for who rests on it. */
export const timeElement = (atMs: number, { language }: Look, className: string | undefined): HTMLElement =>
  element(
    'time',
    { class: className, datetime: new Date(atMs).toISOString(), title: formatFull(language, atMs) },
    formatTime(language, atMs),
  );
