import { styleText } from 'node:util';

/** pino's numeric levels. */
const levels = /** @type {const} */ ({
  10: { label: 'TRACE', style: 'dim' },
  20: { label: 'DEBUG', style: 'dim' },
  30: { label: 'INFO', style: 'green' },
  40: { label: 'WARN', style: 'yellow' },
  50: { label: 'ERROR', style: 'red' },
  60: { label: 'FATAL', style: 'red' },
});
/** Said by the columns already, or the same on every line. */
const hiddenFields = new Set([
  'level',
  'time',
  'msg',
  'pid',
  'hostname',
  'name',
  'service',
  'instanceId',
  'v',
  'err',
]);
const longestValue = 300;

/**
 * @typedef {Record<string, unknown> & { level: number }} LogRecord
 */

/**
 * @param {string} line one line of an app's stdout.
 * @returns {LogRecord | undefined} undefined when it is not a pino line.
 */
export function parseLogLine(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line);
    return typeof value?.level === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `HH:MM:ss app  LEVEL message key=value ...`, errors with their stack on the following lines.
 *
 * @param {LogRecord} record
 * @param {{ app: string, appWidth?: number, colour?: boolean }} options
 * @returns {string}
 */
export function formatLogRecord(record, { app, appWidth = app.length, colour = false }) {
  const level = levels[/** @type {keyof typeof levels} */ (record.level)] ?? {
    label: `L${record.level}`,
    style: 'reset',
  };
  /** @param {Parameters<typeof styleText>[0]} style @param {string} text */
  const paint = (style, text) => (colour ? styleText(style, text) : text);
  const fields = Object.entries(record)
    .filter(([key, value]) => !hiddenFields.has(key) && value !== undefined)
    .map(([key, value]) => `${paint('dim', `${key}=`)}${formatValue(value)}`);
  const error = formatError(record.err);
  const head = [
    paint('dim', clock(record.time)),
    paint('cyan', app.padEnd(appWidth)),
    paint(level.style, level.label.padEnd(5)),
    oneLine(String(record.msg ?? '')),
    ...fields,
  ];
  return [head.filter(Boolean).join(' '), ...error.map((row) => paint('dim', `         ${row}`))].join('\n');
}

/**
 * A line that is not JSON (a crash, a warning of Node itself) in the same columns.
 * @param {string} line
 * @param {{ app: string, appWidth?: number, colour?: boolean }} options
 */
export function formatPlainLine(line, { app, appWidth = app.length, colour = false }) {
  return formatLogRecord({ level: 40, time: Date.now(), msg: line }, { app, appWidth, colour });
}

/** @param {unknown} time milliseconds or ISO text. */
function clock(time) {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Date.now());
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
}

/** @param {unknown} value */
function formatValue(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const short = text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  return typeof value === 'string' && (short === '' || /[\s"=\p{Cc}]/u.test(short))
    ? JSON.stringify(short)
    : short;
}

/** @param {unknown} error @returns {string[]} */
function formatError(error) {
  if (typeof error !== 'object' || error === null) return error === undefined ? [] : [oneLine(String(error))];
  const { stack, type, message } = /** @type {Record<string, unknown>} */ (error);
  const text = typeof stack === 'string' ? stack : `${String(type ?? 'Error')}: ${String(message ?? '')}`;
  return text.split('\n').map(oneLine);
}

/** Control characters in a log line must not move the terminal's cursor. @param {string} text */
function oneLine(text) {
  return text.replace(/\p{Cc}/gu, (char) => (char === '\t' ? '  ' : JSON.stringify(char).slice(1, -1)));
}
