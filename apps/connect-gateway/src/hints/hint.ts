import type { DispatchEntry } from '@parley/contracts';

const SEPARATOR = '|';

/**
 * Reads a hint as the accept script writes it: `<room>|<seq>|<epoch>|<body>`. Nothing of the body is looked at.
 *
 * @returns Undefined for what is none.
 */
export function parseHint(text: string): DispatchEntry | undefined {
  const first = text.indexOf(SEPARATOR);
  const second = text.indexOf(SEPARATOR, first + 1);
  const third = text.indexOf(SEPARATOR, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const roomId = Number(text.slice(0, first));
  const seq = Number(text.slice(first + 1, second));
  const epoch = text.slice(second + 1, third);
  const body = text.slice(third + 1);
  if (!isPositive(roomId) || !isPositive(seq) || epoch === '' || !body.startsWith('{')) return undefined;
  return { roomId, seq, epoch, body };
}

const isPositive = (value: number) => Number.isSafeInteger(value) && value > 0;
