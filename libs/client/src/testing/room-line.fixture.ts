import { Op, type HistoryPage } from '@parley/protocol';
import { ClientError } from '../client-error.js';
import { RoomLine } from '../room-line.js';
import { message, page as pageOf } from './scripted-server.js';

/** A message of room 1. */
export const at = (seq: number, epoch = 'A') => message(seq, { epoch });
/** A page of history that ends in its newest message's epoch. */
export const page = (list: ReturnType<typeof at>[], fields: Partial<HistoryPage> = {}) =>
  pageOf(list, { epoch: list.at(-1)?.epoch ?? 'A', ...fields });
/** The server skipped these. */
export const resync = (from: number, to: number, epoch = 'A') =>
  ({ op: Op.resync, roomId: 1, epoch, from, to, reason: 'slow' }) as const;
type Answer = HistoryPage | ClientError | 'never';

/** A line whose pages are answered in turn, the last one again and again; retries follow every 10 ms. */
export function lineOf(position: { seq: number; epoch?: string } | undefined, ...answers: Answer[]) {
  const shown: string[] = [];
  const epochs: string[] = [];
  const gaveUp: unknown[][] = [];
  const asked: number[] = [];
  const waits: unknown[][] = [];
  const line = new RoomLine(
    {
      page: (after) => {
        asked.push(after);
        const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 'never';
        if (answer === 'never') return new Promise(() => {});
        return answer instanceof ClientError ? Promise.reject(answer) : Promise.resolve(answer);
      },
      show: ({ seq, epoch }) => shown.push(`${seq}${epoch}`),
      epochChanged: (epoch, previous) => epochs.push(`${previous}>${epoch}`),
      gaveUp: (...range) => gaveUp.push(range),
      refused: () => false,
      backoff: (...failure) => (waits.push(failure), 10),
      now: () => performance.now(),
      deadlineMs: 1_000,
    },
    position,
  );
  return { line, shown, epochs, gaveUp, asked, waits, answers };
}

/** A failure that passes. */
export const unavailable = new ClientError('UNAVAILABLE', true);
