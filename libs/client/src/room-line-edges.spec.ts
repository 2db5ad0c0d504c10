import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientError } from './client-error.js';
import { at, lineOf, page, resync, unavailable } from './testing/room-line.fixture.js';
import { joined } from './testing/scripted-server.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('where a line begins', () => {
  it('has an epoch, so that another one is a change', () => {
    const { line, epochs } = lineOf(undefined);
    line.begin({ seq: 5, epoch: 'A' });
    line.begin({ seq: 7, epoch: 'X' });
    line.receive(at(6, 'B'));
    expect(epochs).toEqual(['A>B']);
    expect(line.position).toEqual({ seq: 6, epoch: 'B' });
  });

  it('is the first of several acks, when no message says it', async () => {
    const { line, asked } = lineOf(undefined);
    line.beginAtLatest({ seq: 6, epoch: 'A' });
    line.beginAtLatest({ seq: 8, epoch: 'A' });
    expect(line.position).toBeUndefined();
    line.probe();
    expect(asked).toEqual([6]);
  });

  it('is said by a join, and what came before it is shown after it', () => {
    const { line, shown, asked } = lineOf(undefined);
    line.receive(at(7));
    line.receive(at(6));
    expect(shown).toEqual([]);
    line.joined(joined(5));
    expect(shown).toEqual(['6A', '7A']);
    expect(asked).toEqual([]);
  });
});

describe('a server that counts from the start again', () => {
  it('is followed from its head, and nothing of the old count is read or shown', async () => {
    const { line, shown, epochs, asked } = lineOf({ seq: 500, epoch: 'A' }, 'never');
    line.receive(at(505));
    line.offline();
    asked.length = 0;
    line.joined(joined(500, { epoch: 'B', head: 2 }));
    expect(line.position).toEqual({ seq: 2, epoch: 'B' });
    expect(asked).toEqual([]);
    for (let seq = 3; seq <= 506; seq++) line.receive(at(seq, 'B'));
    expect(shown).toHaveLength(504);
    expect(shown).not.toContain('505A');
    expect(epochs).toEqual(['A>B']);
  });

  it('ends the reading of what the old count was missing', async () => {
    const { line, asked } = lineOf({ seq: 500, epoch: 'A' }, unavailable);
    line.receive(at(505));
    line.joined(joined(2, { epoch: 'B', head: 2 }));
    await pass(100);
    expect(asked).toEqual([500]);
  });

  it('is also one whose epoch was not known before', () => {
    const { line, shown } = lineOf({ seq: 500 });
    line.joined(joined(3, { epoch: 'B', head: 3 }));
    line.receive(at(4, 'B'));
    expect(shown).toEqual(['4B']);
  });

  it('may have a new epoch below the old numbers', () => {
    const { line, epochs } = lineOf({ seq: 499, epoch: 'A' });
    line.receive(at(500));
    line.joined(joined(2, { epoch: 'B', head: 2 }));
    line.receive(at(3, 'C'));
    expect(epochs).toEqual(['A>B', 'B>C']);
  });

  it('is not one that only lags behind in the same epoch', () => {
    const { line, shown } = lineOf({ seq: 500, epoch: 'A' });
    line.joined(joined(490, { head: 490 }));
    expect(line.position).toEqual({ seq: 500, epoch: 'A' });
    line.receive(at(495));
    expect(shown).toEqual([]);
  });
});

describe('a resync', () => {
  it('of a new epoch tells of it at once', () => {
    const { line, epochs } = lineOf({ seq: 3, epoch: 'A' });
    line.resync(resync(4, 9, 'B'));
    expect(epochs).toEqual(['A>B']);
  });

  it('is nothing to a line that has not begun or was stopped', () => {
    const { line, asked } = lineOf(undefined);
    line.resync(resync(4, 9));
    line.begin({ seq: 3, epoch: 'A' });
    line.stop();
    line.resync(resync(4, 9));
    expect(asked).toEqual([]);
  });
});

describe('what is held until what was before it comes', () => {
  it('is a thousand messages at once, however many came in the wrong order before', () => {
    const { line, shown } = lineOf({ seq: 0, epoch: 'A' }, 'never');
    for (let seq = 1; seq <= 2_001; seq += 2) {
      line.receive(at(seq + 1));
      line.receive(at(seq));
    }
    expect(shown).toHaveLength(2_002);
    for (let seq = 2_004; seq <= 3_004; seq++) line.receive(at(seq));
    line.receive(at(2_003));
    // 2,004 to 3,003 were held; one more was not.
    expect(shown.at(-1)).toBe('3003A');
  });

  it('is let go when history has shown it', async () => {
    const all = Array.from({ length: 1_001 }, (_, i) => at(i + 1));
    const { line, shown } = lineOf({ seq: 0, epoch: 'A' }, page(all), 'never');
    for (const m of all.slice(1)) line.receive(m);
    await pass();
    expect(shown).toHaveLength(1_001);
    for (let seq = 1_003; seq <= 2_002; seq++) line.receive(at(seq));
    line.receive(at(1_002));
    expect(shown.at(-1)).toBe('2002A');
  });
});

describe('a new epoch above a hole', () => {
  it('is believed at once when a page shows it, and has no hole to wait for', async () => {
    const { line, shown, gaveUp, asked } = lineOf({ seq: 3, epoch: 'A' }, page([at(10, 'B'), at(11, 'B')]));
    line.receive(at(11, 'B'));
    await pass();
    expect(shown).toEqual(['10B', '11B']);
    expect(asked).toEqual([3]);
    expect(gaveUp).toEqual([]);
  });

  it('is not crossed while what is held is not in history yet: what is before it may be missing, too', async () => {
    const empty = page([], { epoch: 'B', head: 10 });
    const { line, shown } = lineOf({ seq: 3, epoch: 'A' }, empty, empty, empty, page([at(4), at(10, 'B')]));
    line.receive(at(10, 'B'));
    await pass(100);
    expect(shown).toEqual(['4A', '10B']);
  });

  it('is crossed in the end, when history stays empty', async () => {
    const { line, shown, gaveUp } = lineOf({ seq: 3, epoch: 'A' }, page([], { epoch: 'B', head: 10 }));
    line.receive(at(10, 'B'));
    await pass(100);
    expect(shown).toEqual(['10B']);
    expect(gaveUp).toEqual([]);
  });

  it('is not crossed by a page that is behind what is known', async () => {
    const { line, shown } = lineOf(
      { seq: 3, epoch: 'A' },
      page([], { epoch: 'B', head: 8 }),
      page([at(9, 'B')]),
    );
    line.resync(resync(9, 9, 'B'));
    await pass(100);
    expect(shown).toEqual(['9B']);
  });
});

describe('a probe', () => {
  it('asks once whether there is more, and is content when there is not', async () => {
    const { line, asked } = lineOf({ seq: 5, epoch: 'A' }, page([], { head: 5 }));
    line.probe();
    await pass(1_000);
    expect(asked).toEqual([5]);
  });

  it('learns of a new epoch that has nothing yet', async () => {
    const { line, epochs } = lineOf({ seq: 5, epoch: 'A' }, page([], { epoch: 'B', head: 5 }));
    line.probe();
    await pass();
    expect(epochs).toEqual(['A>B']);
  });

  it('goes on asking for what is held, when history does not have it yet', async () => {
    const { line, asked, shown } = lineOf(
      { seq: 5, epoch: 'A' },
      'never',
      page([], { head: 5 }),
      page([6, 7, 8, 9].map((n) => at(n))),
    );
    line.receive(at(9));
    line.offline();
    line.probe();
    await pass(100);
    expect(asked).toEqual([5, 5, 5]);
    expect(shown).toEqual(['6A', '7A', '8A', '9A']);
  });

  it('is over with its connection', async () => {
    const { line, asked } = lineOf({ seq: 5, epoch: 'A' }, 'never');
    line.probe();
    line.offline();
    line.receive(at(6));
    line.joined(joined(6, { head: 6 }));
    await pass(100);
    expect(asked).toEqual([5]);
  });

  it('that is given up says that what it would have found is not known; another hole does not', async () => {
    const { line, gaveUp, answers } = lineOf({ seq: 5, epoch: 'A' }, new ClientError('FORBIDDEN', false));
    line.probe();
    await pass();
    expect(gaveUp).toEqual([[6, undefined, 'FORBIDDEN']]);
    answers[0] = page([], { head: 5 });
    line.probe();
    await pass(100);
    expect(gaveUp).toHaveLength(1);
  });
});
