import { describe, expect, it } from 'vitest';
import { EpochTrack } from './epoch-track.js';

describe('an epoch track', () => {
  it('tells of each change once, with the epoch before', () => {
    const track = new EpochTrack('A');
    expect(track.note('A', 3)).toBeUndefined();
    expect(track.note('B', 10)).toBe('A');
    expect(track.note('B', 11)).toBeUndefined();
    expect(track.note('C', 20)).toBe('B');
    expect(track.newest).toBe('C');
  });

  it('takes the first one it hears of for no change, when none was known', () => {
    const track = new EpochTrack('');
    expect(track.note('A', 3)).toBeUndefined();
    expect(track.newest).toBe('A');
    expect(track.note('B', 4)).toBe('A');
  });

  it('does not go back to one that has ended', () => {
    const track = new EpochTrack('A');
    track.note('B', 10);
    track.note('C', 20);
    for (const past of ['A', 'B']) expect(track.note(past, 99)).toBeUndefined();
    expect(track.newest).toBe('C');
    expect(track.knownToSeq).toBe(20);
  });

  it('knows the newest up to the largest number heard of, and from the start after a restart', () => {
    const track = new EpochTrack('A');
    expect(track.knownToSeq).toBe(0);
    track.note('A', 10);
    track.note('A', 5);
    expect(track.knownToSeq).toBe(10);
    track.restart(2);
    expect(track.knownToSeq).toBe(2);
  });

  it('begins where it is told', () => {
    const track = new EpochTrack('');
    track.begin('A');
    expect(track.newest).toBe('A');
    expect(track.note('B', 1)).toBe('A');
  });
});
