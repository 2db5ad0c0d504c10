import { describe, expect, it } from 'vitest';
import { encodedMessage } from '../connections/encoded-message.js';
import { RecentMessages } from './recent-messages.js';

const message = (seq: number) => encodedMessage({ seq, epoch: 'e1', body: '{"op":3' });
const seqs = (messages: readonly { seq: number }[] | undefined) => messages?.map(({ seq }) => seq);

function filled(first: number, last: number): RecentMessages {
  const recent = new RecentMessages();
  for (let seq = first; seq <= last; seq++) recent.push([message(seq)]);
  return recent;
}

describe('RecentMessages', () => {
  it('answers what comes after a seq', () => {
    const recent = filled(5, 8);
    expect(seqs(recent.after(4))).toEqual([5, 6, 7, 8]);
    expect(seqs(recent.after(6))).toEqual([7, 8]);
    expect(seqs(recent.after(8))).toEqual([]);
  });

  it('answers undefined when it does not reach back that far', () => {
    expect(filled(5, 8).after(3)).toBeUndefined();
    expect(new RecentMessages().after(0)).toBeUndefined();
  });

  it('knows nothing after a clear', () => {
    const recent = filled(1, 3);
    recent.clear();
    expect(recent.after(2)).toBeUndefined();
    recent.push([message(9)]);
    expect(seqs(recent.after(8))).toEqual([9]);
  });

  it('keeps the newest 256 at least, and never more than 512', () => {
    const recent = filled(1, 2_000);
    expect(recent.after(2_000 - 256)).toHaveLength(256);
    expect(recent.after(2_000 - 513)).toBeUndefined();
  });
});
