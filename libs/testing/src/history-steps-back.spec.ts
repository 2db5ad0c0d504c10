import { describe, expect, it } from 'vitest';
import { story } from './history-story.js';

/** x1–x3 of e1 were acked and shown; the server came back with x1 alone and began e2 at 100. */
const lostTwo = () =>
  story()
    .sends('x')
    .sends('y')
    .sends('z')
    .acks('x', 1)
    .acks('y', 2)
    .acks('z', 3)
    .shows('a', 'x1 y2 z3')
    .shows('b', 'x1')
    .stepsBack(1);

describe('a server that stepped back', () => {
  it('may have lost what was seen before, when a new line begins above and everybody hears of it', () => {
    const history = lostTwo()
      .sends('w')
      .acks('w', 101, 'e2')
      .shows('a', 'w101', 'e2')
      .shows('b', 'w101', 'e2');
    expect(history.found()).toEqual([]);
    expect(history.checker.stats().excused).toBe(2);
  });

  it('may tell it without a message', () => {
    expect(lostTwo().hearsOfTheEnd('b').found()).toEqual([]);
    expect(lostTwo().found()).toEqual(['untold b 2-3']);
  });

  it('may have lost nothing that it still had', () => {
    const history = story()
      .sends('x')
      .sends('y')
      .acks('x', 1)
      .acks('y', 2)
      .shows('a', 'x1 y2')
      .shows('b', 'y2');
    history.stepsBack(1).sends('w').acks('w', 101, 'e2').shows('a', 'w101', 'e2').shows('b', 'w101', 'e2');
    expect(history.found()).toEqual(['lost b 1']);
  });

  it('loses nothing that is sent after its return', () => {
    const history = lostTwo().sends('w').acks('w', 101, 'e2').sends('v').acks('v', 102, 'e2');
    history.shows('a', 'w101 v102', 'e2').shows('b', 'w101', 'e2');
    expect(history.found()).toEqual(['lost b 102']);
  });

  // Heads 95 instead of 100 under the same epoch: the next five sends were acknowledged as 96 to 100, and dropped as old.
  it('issues no number of the ended line again', () => {
    const reissued = lostTwo().sends('w').acks('w', 2).shows('b', 'w2');
    expect(reissued.found()).toEqual(['identity 2', 'stale 2', 'untold b 2-3']);
    const beside = lostTwo().sends('w').acks('w', 4).shows('a', 'w4').shows('b', 'w4');
    expect(beside.found()).toEqual(['stale 4', 'untold b 2-3']);
  });

  it('takes again what it lost without an ack, and once', () => {
    const unacked = () =>
      story().sends('x').acks('x', 1).sends('y').shows('a', 'x1 y2').shows('b', 'x1').stepsBack(1).sends('y');
    const again = unacked().acks('y', 101, 'e2').shows('a', 'y101', 'e2').shows('b', 'y101', 'e2');
    expect(again.found()).toEqual([]);
    const twice = unacked().acks('y', 101, 'e2').shows('a', 'y101 y102', 'e2').shows('b', 'y101 y102', 'e2');
    expect(twice.found()).toEqual(['double-append 102']);
  });

  it('may refuse what it had accepted before, and lost: a host closed the room meanwhile', () => {
    const history = (stepsBack: boolean) => {
      const before = story().sends('x').acks('x', 1).sends('y').shows('a', 'x1 y2').shows('b', 'x1');
      if (stepsBack) before.stepsBack(1, { keepsAcked: true }).hearsOfTheEnd('b');
      else before.shows('b', 'y2');
      return before.refuses('y').found();
    };
    expect(history(true)).toEqual([]);
    expect(history(false)).toEqual(['phantom 2']);
  });

  it('may go on with its line when it lost nothing', () => {
    const history = story().sends('x').acks('x', 1).shows('a', 'x1').shows('b', 'x1').stepsBack(1);
    expect(history.sends('y').acks('y', 2).shows('a', 'y2').shows('b', 'y2').found()).toEqual([]);
  });

  it('keeps what was acked where replicas had it', () => {
    const history = (acked: boolean) => {
      const before = story().sends('x').acks('x', 1).sends('y').shows('a', 'x1 y2').shows('b', 'x1');
      if (acked) before.acks('y', 2);
      return before
        .stepsBack(1, { keepsAcked: true })
        .sends('w')
        .acks('w', 101, 'e2')
        .shows('a', 'w101', 'e2')
        .shows('b', 'w101', 'e2');
    };
    expect(history(false).found()).toEqual([]);
    expect(history(true).found()).toEqual(['lost b 2']);
  });

  it('excuses the line that it came back with, and no other', () => {
    const history = lostTwo().sends('w').acks('w', 101, 'e2').shows('a', 'w101', 'e2').sends('v');
    history.acks('v', 102, 'e2').shows('a', 'v102', 'e2').shows('b', 'v102', 'e2');
    expect(history.found()).toEqual(['lost b 101']);
  });
});
