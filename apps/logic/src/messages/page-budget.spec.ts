import { messageJson } from '@parley/contracts';
import { describe, expect, it } from 'vitest';
import { PageBudget } from './page-budget.js';

const message = (seq: number, text = '') => ({ seq, epoch: 'e1', body: `{"msg":"${text}"` });
const messages = (from: number, to: number, text = '') =>
  Array.from({ length: to - from + 1 }, (_, i) => message(from + i, text));
/** What one of these costs: its JSON and a comma. */
const bytesOf = (text: string, seq = 1) => messageJson(message(seq, text)).length + 1;

describe('PageBudget', () => {
  it('takes as many as asked for; one more says that there is more, and is not taken', () => {
    const page = new PageBudget(3, 10_000);
    expect(page.take(messages(1, 3))).toBe(true);
    expect(page.cut).toBe(false);
    expect(page.take([message(4)])).toBe(false);
    expect(page.cut).toBe(true);
    expect(page.messages).toEqual(messages(1, 3).map(messageJson));
  });

  it('takes what fits to the byte, and nothing behind what does not fit', () => {
    const bytes = 2 * bytesOf('') + bytesOf('long');
    const fits = new PageBudget(9, bytes);
    expect(fits.take([message(1), message(2), message(3, 'long')])).toBe(true);
    const tight = new PageBudget(9, bytes - 1);
    expect(tight.take([message(1), message(2), message(3, 'long'), message(4)])).toBe(false);
    expect(tight.messages).toHaveLength(2);
  });

  it('takes the first one whatever its size, and then nothing more', () => {
    const page = new PageBudget(9, 1);
    expect(page.take([message(1, 'x'.repeat(500))])).toBe(true);
    expect(page.nextRead).toBe(1);
    expect(page.take([message(2)])).toBe(false);
    expect(page.messages).toHaveLength(1);
  });

  it('passes over a number that is taken by what nobody can read: it costs nothing and cuts nothing', () => {
    const page = new PageBudget(2, 10_000);
    const unreadable = { seq: 2, epoch: 'e1', body: undefined };
    expect(page.take([message(1), unreadable, message(3), unreadable])).toBe(true);
    expect(page.messages).toHaveLength(2);
  });

  describe('reads', () => {
    it('one more than wanted, eight at first', () => {
      expect(new PageBudget(3, 10_000).nextRead).toBe(4);
      expect(new PageBudget(200, 10_000).nextRead).toBe(8);
      const page = new PageBudget(9, 10_000);
      page.take(messages(1, 8));
      expect(page.nextRead).toBe(2);
      page.take([message(9)]);
      expect(page.nextRead).toBe(1);
    });

    it('four times what it has, sixty-four at most', () => {
      const page = new PageBudget(200, 1_000_000);
      page.take(messages(1, 8));
      expect(page.nextRead).toBe(32);
      page.take(messages(9, 16));
      expect(page.nextRead).toBe(64);
      page.take(messages(17, 30));
      expect(page.nextRead).toBe(64);
    });

    it('what will probably fit by what it has seen, and one more', () => {
      const each = bytesOf('x'.repeat(100));
      const page = new PageBudget(200, 12 * each);
      page.take(messages(1, 8, 'x'.repeat(100)));
      expect(page.nextRead).toBe(5);
    });
  });
});
