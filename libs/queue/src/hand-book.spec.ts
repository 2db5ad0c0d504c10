import { describe, expect, it } from 'vitest';
import { HandBook } from './hand-book.js';

function hand() {
  const book = new HandBook();
  book.add(3, 7);
  const made = book.get(3);
  if (!made) throw new Error('not added');
  return { book, hand: made };
}

describe('HandBook', () => {
  it('counts entries and the bytes of their bodies, two a character and 300 for each', () => {
    const { book, hand: third } = hand();
    expect([third.fence, third.after, third.isSuspect, third.size, third.bytes]).toEqual([
      7,
      '0',
      false,
      0,
      0,
    ]);
    third.take('1-0', 'x'.repeat(100));
    third.take('2-0', '');
    book.add(4, 1);
    book.get(4)?.take('1-0', 'xx');
    expect([third.size, third.bytes, book.entries, book.bytes]).toEqual([2, 800, 3, 1_104]);
    expect(book.shards()).toEqual([3, 4]);
    expect([...book.all()]).toEqual([third, book.get(4)]);
  });

  it('counts an entry once that is taken twice, without its body when that is let go of, and not at all when dropped', () => {
    const { hand: third } = hand();
    third.take('1-0', 'x'.repeat(100));
    third.take('1-0', 'x'.repeat(50));
    expect([third.size, third.bytes]).toEqual([1, 400]);
    third.letGoOfBody('1-0');
    third.letGoOfBody('1-0');
    expect([third.size, third.bytes, third.has('1-0')]).toEqual([1, 300, true]);
    third.drop('1-0');
    third.drop('1-0');
    expect([third.size, third.bytes, third.has('1-0')]).toEqual([0, 0, false]);
    // What is not in hand has no body to let go of.
    third.letGoOfBody('1-0');
    expect([third.size, third.bytes]).toEqual([0, 0]);
  });

  it('forgets a shard with all that was in hand of it', () => {
    const { book, hand: third } = hand();
    third.take('1-0', 'x');
    book.delete(3);
    expect([book.get(3), book.entries, book.bytes, book.shards()]).toEqual([undefined, 0, 0, []]);
  });
});
