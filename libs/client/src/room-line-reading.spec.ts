import type { HistoryPage } from '@parley/protocol';
import { Op } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientError } from './client-error.js';
import { at, lineOf, page, resync, unavailable } from './testing/room-line.fixture.js';
import { joined } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('reading what is missing', () => {
  it('is one run at a time, up to the largest number known', async () => {
    const { line, asked, shown } = lineOf(
      { seq: 0, epoch: 'A' },
      page([1, 2].map((n) => at(n))),
      page([3, 4].map((n) => at(n))),
    );
    line.resync(resync(1, 4));
    line.resync(resync(1, 2));
    await pass();
    expect(asked).toEqual([0, 2]);
    expect(shown).toEqual(['1A', '2A', '3A', '4A']);
  });

  it('goes on while a page says that there is more', async () => {
    const { line, asked, shown } = lineOf(
      { seq: 0, epoch: 'A' },
      page([at(1)], { more: true }),
      page([at(2)]),
    );
    line.resync(resync(1, 1));
    await pass();
    expect(asked).toEqual([0, 1]);
    expect(shown).toEqual(['1A', '2A']);
  });

  it('waits ever longer while it gets nowhere, as long as the server says, and not after progress', async () => {
    const overloaded = ClientError.fromFrame({
      op: Op.error,
      code: 'OVERLOADED',
      message: '',
      retryable: true,
      retryAfterMs: 7,
    });
    const { line, waits } = lineOf(
      { seq: 0, epoch: 'A' },
      unavailable,
      overloaded,
      page([at(1)]),
      unavailable,
      page([at(2)]),
    );
    line.resync(resync(1, 2));
    await pass(100);
    expect(waits).toEqual([
      [0, undefined],
      [1, 7],
      [0, undefined],
    ]);
  });

  it('goes on after an error that nobody foresaw', async () => {
    const { line, shown } = lineOf({ seq: 0, epoch: 'A' }, new TypeError('odd') as never, page([at(1)]));
    line.resync(resync(1, 1));
    await pass(100);
    expect(shown).toEqual(['1A']);
  });

  it('ignores what a page repeats', async () => {
    const { line, shown, gaveUp } = lineOf({ seq: 2, epoch: 'A' }, page([1, 2, 3].map((n) => at(n))));
    line.resync(resync(3, 3));
    await pass(100);
    expect(shown).toEqual(['3A']);
    expect(gaveUp).toEqual([]);
  });

  it('is dropped with its connection: a page that comes after all is not shown, and the next one is asked for', async () => {
    let answer!: (page: HistoryPage) => void;
    const { line, shown, asked, answers } = lineOf({ seq: 2, epoch: 'A' }, 'never');
    answers[0] = new Promise<HistoryPage>((resolve) => (answer = resolve)) as never;
    line.resync(resync(3, 9));
    line.offline();
    answers[0] = page([at(3)]);
    line.joined(joined(3, { head: 3 }));
    expect(asked).toEqual([2, 2]);
    await pass();
    expect(shown).toEqual(['3A']);
    answer(page([at(4)]));
    await pass(100);
    expect(shown).toEqual(['3A']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['offline', false],
    ['offline', true],
    ['stop', false],
    ['stop', true],
  ] as const)('that fails after %s is no news (retryable: %s)', async (end, retryable) => {
    let fail!: (error: ClientError) => void;
    const { line, gaveUp, answers } = lineOf({ seq: 2, epoch: 'A' }, 'never');
    answers[0] = new Promise<HistoryPage>((_resolve, reject) => (fail = reject)) as never;
    line.resync(resync(3, 9));
    line[end]();
    fail(new ClientError('X', retryable));
    await pass();
    expect(gaveUp).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends when the line is stopped, also in its wait', async () => {
    const { line, asked } = lineOf({ seq: 0, epoch: 'A' }, unavailable);
    line.resync(resync(1, 1));
    await pass();
    expect(vi.getTimerCount()).toBe(1);
    line.stop();
    expect(vi.getTimerCount()).toBe(0);
    await pass(1_000);
    expect(asked).toHaveLength(1);
    line.receive(at(1));
    line.joined(joined(5));
    expect(line.position).toEqual({ seq: 0, epoch: 'A' });
  });
});

describe('giving up', () => {
  it('comes after the deadline without progress, and says why', async () => {
    const { line, gaveUp, shown } = lineOf({ seq: 0, epoch: 'A' }, unavailable);
    line.receive(at(4));
    await pass(980);
    expect(gaveUp).toEqual([]);
    await pass(40);
    expect(gaveUp).toEqual([[1, 3, 'UNAVAILABLE']]);
    expect(shown).toEqual(['4A']);
  });

  it('has a reason of its own when no answer came', async () => {
    const { line, gaveUp } = lineOf({ seq: 0, epoch: 'A' }, new ClientError('NO_ANSWER', true));
    line.receive(at(4));
    await pass(1_020);
    expect(gaveUp).toEqual([[1, 3, 'PAGING_DEADLINE']]);
  });

  it('starts its time again with all progress', async () => {
    const { line, gaveUp, answers } = lineOf({ seq: 0, epoch: 'A' }, unavailable);
    line.receive(at(4));
    await pass(900);
    answers[0] = page([at(1)], { more: false, head: 4 });
    await pass(20);
    answers[0] = unavailable;
    await pass(900);
    expect(gaveUp).toEqual([]);
    await pass(200);
    expect(gaveUp).toEqual([[2, 3, 'UNAVAILABLE']]);
  });

  it('gives each hole its own time', async () => {
    const { line, gaveUp } = lineOf({ seq: 0, epoch: 'A' }, unavailable);
    line.receive(at(4));
    line.receive(at(8));
    await pass(1_500);
    expect(gaveUp).toEqual([[1, 3, 'UNAVAILABLE']]);
    await pass(1_000);
    expect(gaveUp).toEqual([
      [1, 3, 'UNAVAILABLE'],
      [5, 7, 'UNAVAILABLE'],
    ]);
  });

  it('of a hole goes up to the first message that is held', async () => {
    const { line, gaveUp, shown } = lineOf({ seq: 0, epoch: 'A' }, new ClientError('FORBIDDEN', false));
    line.receive(at(9));
    line.receive(at(4));
    await pass();
    expect(gaveUp).toEqual([
      [1, 3, 'FORBIDDEN'],
      [5, 8, 'FORBIDDEN'],
    ]);
    expect(shown).toEqual(['4A', '9A']);
  });

  it('of a range that ended in a new epoch goes on in that one', async () => {
    const { line } = lineOf({ seq: 3, epoch: 'A' }, new ClientError('FORBIDDEN', false));
    line.resync(resync(4, 9, 'B'));
    await pass();
    expect(line.position).toEqual({ seq: 9, epoch: 'B' });
  });
});
