import type { ReadReport } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ReadReports } from './read-reports.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function setUp() {
  const calls: ReadReport[][] = [];
  const answer = vi.fn(async (reads: ReadReport[]): Promise<unknown[]> =>
    reads.map(({ roomId, seq }) => ({ ok: true, state: { roomId, seq, head: seq, unread: 0 } })),
  );
  const call = async (_contract: unknown, { reads }: { reads: ReadReport[] }) => {
    calls.push(reads);
    return { results: await answer(reads) };
  };
  return { calls, answer, reports: new ReadReports({ call: call as unknown as RpcClient['call'] }) };
}
const report = (userId: number, seq: number): ReadReport => ({ userId, roomId: 7, seq });

it('brings what a room full of readers says to logic in a few calls, of each the furthest', async () => {
  const { calls, reports } = setUp();
  const states: Promise<unknown>[] = [];
  for (let i = 0; i < 1_500; i++) states.push(reports.report(report(1 + (i % 300), 1 + Math.floor(i / 300))));
  await pass(200);
  expect(calls.map((reads) => reads.length)).toEqual([256, 44]);
  expect(new Set(calls.flat().map(({ seq }) => seq))).toEqual(new Set([5]));
  // Each gets an answer, the earlier ones the same.
  expect(await states[0]).toMatchObject({ seq: 5 });
  void reports.report(report(1, 6));
  await pass(200);
  expect(calls).toHaveLength(3);
});

it('answers each with what became of his own', async () => {
  const { answer, reports } = setUp();
  answer.mockResolvedValueOnce([
    { ok: false, code: 'INVALID', fields: ['seq'] },
    { ok: true, state: { roomId: 7, seq: 9, head: 9, unread: 0 } },
  ]);
  const bad = expect(reports.report(report(1, 99))).rejects.toMatchObject({
    code: 'INVALID',
    fields: ['seq'],
  });
  const good = reports.report(report(2, 3));
  await pass(200);
  await bad;
  expect(await good).toMatchObject({ seq: 9 });
});

it('fails who is given no answer', async () => {
  const { answer, reports } = setUp();
  answer.mockResolvedValueOnce([]);
  const failed = expect(reports.report(report(1, 1))).rejects.toMatchObject({ code: 'INTERNAL' });
  await pass(200);
  await failed;
});

it('fails all of a call that fails, and goes on', async () => {
  const { answer, reports } = setUp();
  answer.mockRejectedValueOnce(new AppError('UNAVAILABLE'));
  const failed = expect(reports.report(report(1, 1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await pass(200);
  await failed;
  const again = reports.report(report(1, 1));
  await pass(200);
  expect(await again).toMatchObject({ seq: 1 });
});

it('refuses more than it can hold', async () => {
  const { reports } = setUp();
  for (let user = 1; user <= 10_000; user++) void reports.report(report(user, 1));
  await expect(reports.report(report(10_001, 1))).rejects.toMatchObject({ code: 'OVERLOADED' });
});
