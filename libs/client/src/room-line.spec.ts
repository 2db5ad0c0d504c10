import type { HistoryPage } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RoomLine } from './room-line.js';
import { message } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

// What a page had promised was gone when Redis stepped back: the client waited two minutes for the numbers between the epochs.
it('goes on in a new epoch when what it was to read next was lost with the old one', async () => {
  const shown: number[] = [];
  const at = (seq: number, epoch: string) => ({ ...message(seq), epoch });
  const answer = (more: boolean, ...messages: ReturnType<typeof at>[]): HistoryPage => ({
    roomId: 1,
    epoch: messages.at(-1)?.epoch ?? 'e2',
    head: messages.at(-1)?.seq ?? 100,
    messages,
    more,
  });
  const pages = [answer(true, at(1, 'e1'), at(2, 'e1')), answer(false)];
  const line = new RoomLine(
    {
      page: () => Promise.resolve(pages.shift() ?? answer(false, at(101, 'e2'), at(102, 'e2'))),
      show: ({ seq }) => shown.push(seq),
      epochChanged: () => undefined,
      gaveUp: () => undefined,
      refused: () => false,
      backoff: () => 10,
      now: () => performance.now(),
      deadlineMs: 120_000,
    },
    { seq: 0, epoch: 'e1' },
  );
  line.resync({ op: 26, roomId: 1, epoch: 'e1', from: 1, to: 2, reason: 'slow' } as never);
  await vi.advanceTimersByTimeAsync(100);
  expect(shown).toEqual([1, 2]);
  line.receive(at(101, 'e2') as never);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(shown).toEqual([1, 2, 101, 102]);
});
