import type { DispatchEntry } from '@parley/contracts';

const SEPARATOR = '|';

/**
 * Reads a hint: `<room>|<seq>|<epoch>|<recipients, comma separated>|<body>`, without recipients for a room. Nothing of the
 * body is looked at.
 *
 * @returns Undefined for what is none.
 */
export function parseHint(text: string): DispatchEntry | undefined {
  const fields: string[] = [];
  let start = 0;
  for (let i = 0; i < 4; i++) {
    const end = text.indexOf(SEPARATOR, start);
    if (end < 0) return undefined;
    fields.push(text.slice(start, end));
    start = end + 1;
  }
  const [roomId, seq] = fields.map(Number);
  const [, , epoch, to] = fields;
  const recipients = to ? to.split(',').map(Number) : undefined;
  const body = text.slice(start);
  if (!isPositive(roomId) || !isPositive(seq) || !epoch || !body.startsWith('{')) return undefined;
  if (recipients?.some((userId) => !isPositive(userId))) return undefined;
  return { roomId, seq, epoch, body, ...(recipients && { recipients }) };
}

const isPositive = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;
