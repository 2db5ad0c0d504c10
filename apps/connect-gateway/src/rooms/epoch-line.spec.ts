import { describe, expect, it } from 'vitest';
import { EpochLine } from './epoch-line.js';

describe('EpochLine', () => {
  it('is in the epoch that it began with until it moves on', () => {
    const line = new EpochLine('A');
    expect(line.current).toBe('A');
    line.moveOn('B');
    expect(line.current).toBe('B');
  });

  it('takes nothing of its own epoch for earlier', () => {
    const line = new EpochLine('A');
    for (const seq of [1, 4, 5, 6]) expect(line.isEarlier({ seq, epoch: 'A' }, 5)).toBe(false);
  });

  it('takes what is below the room for earlier, of an epoch that it never saw too', () => {
    const line = new EpochLine('B');
    expect(line.isEarlier({ seq: 4, epoch: 'A' }, 5)).toBe(true);
    expect(line.isEarlier({ seq: 6, epoch: 'C' }, 5)).toBe(false);
  });

  // An epoch began where the one before ended: at that number only memory tells them apart.
  it('knows an epoch that it has left, at any number', () => {
    const line = new EpochLine('A');
    line.moveOn('B');
    expect(line.isEarlier({ seq: 5, epoch: 'A' }, 5)).toBe(true);
    expect(line.isEarlier({ seq: 9, epoch: 'A' }, 5)).toBe(true);
    expect(line.isEarlier({ seq: 5, epoch: 'C' }, 5)).toBe(false);
  });

  it('leaves nothing when it is told to move on to where it is', () => {
    const line = new EpochLine('A');
    line.moveOn('A');
    line.moveOn('B');
    line.moveOn('A');
    expect(line.isEarlier({ seq: 5, epoch: 'A' }, 5)).toBe(false);
    expect(line.isEarlier({ seq: 5, epoch: 'B' }, 5)).toBe(true);
  });

  it('remembers the last eight', () => {
    const line = new EpochLine('0');
    for (let i = 1; i <= 9; i++) line.moveOn(String(i));
    expect(line.isEarlier({ seq: 5, epoch: '1' }, 5)).toBe(true);
    expect(line.isEarlier({ seq: 5, epoch: '0' }, 5)).toBe(false);
  });
});
