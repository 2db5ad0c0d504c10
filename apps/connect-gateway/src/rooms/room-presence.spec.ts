import type { PresenceShare, PresenceState, PresenceStore } from '@parley/redis';
import { describe, expect, it } from 'vitest';
import { stub } from '../testing/stub.js';
import { RoomPresence } from './room-presence.js';

const user = (userId: number) => ({ userId, userName: `u${userId}` });
const state: PresenceState = { members: 1, here: 1, position: { seq: 4, epoch: 'e1' } };

/** Redis as it should be. */
function setUp() {
  const listed = new Set<number>();
  const shares: PresenceShare[] = [];
  const answers: (() => Promise<PresenceState>)[] = [];
  const store = stub<PresenceStore>('PresenceStore', {
    share: (roomId, instanceId, share) => {
      expect([roomId, instanceId]).toEqual([7, 'gw-1']);
      shares.push(share);
      const answer = answers.shift();
      if (answer) return answer();
      if (share.complete) listed.clear();
      for (const { userId } of share.added) listed.add(userId);
      for (const userId of share.removed) listed.delete(userId);
      return Promise.resolve({ ...state, here: listed.size });
    },
  });
  return { presence: new RoomPresence(7, 'gw-1', store), shares, answers, listed };
}

/** An answer that comes when it is let go. */
function held() {
  let release: () => void = () => undefined;
  const answer = new Promise<PresenceState>((resolve) => (release = () => resolve(state)));
  return { answer: () => answer, release: () => release() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('RoomPresence', () => {
  it('counts a user once however many connections there are', () => {
    const { presence } = setUp();
    expect(presence.enter(user(1))).toBe(true);
    expect(presence.enter(user(1))).toBe(false);
    expect(presence.enter(user(2))).toBe(true);
    expect(presence.users).toBe(2);
    expect(presence.exit(1)).toBe(false);
    expect(presence.exit(1)).toBe(true);
    expect(presence.exit(1)).toBe(false);
    expect(presence.users).toBe(1);
  });

  // Whoever had taken another name before the old connection was gone kept the old one in every list.
  it('reports the other name of a user who is here already, and counts him once', async () => {
    const { presence, shares } = setUp();
    presence.enter(user(1));
    await presence.report();
    expect(presence.enter({ userId: 1, userName: 'other' })).toBe(true);
    await presence.report();
    expect(shares.at(-1)?.added).toEqual([{ userId: 1, userName: 'other' }]);
    expect([presence.users, presence.exit(1), presence.users]).toEqual([1, false, 1]);
  });

  it('covers all changes of a turn with one report', async () => {
    const { presence, shares } = setUp();
    presence.enter(user(1));
    const first = presence.report();
    presence.enter(user(2));
    await expect(first).resolves.toMatchObject({ here: 2 });
    expect(shares).toEqual([{ complete: false, added: [user(1), user(2)], removed: [] }]);
  });

  it('puts what changes during a report into one next report', async () => {
    const { presence, shares, answers } = setUp();
    const { answer, release } = held();
    answers.push(answer);
    presence.enter(user(1));
    const first = presence.report();
    await turn();
    expect(shares).toHaveLength(1);

    for (const userId of [2, 3, 4]) presence.enter(user(userId));
    presence.exit(1);
    const later = [presence.report(), presence.report(), presence.report()];
    await turn();
    expect(shares).toHaveLength(1);
    release();
    await Promise.all([first, ...later]);
    expect(shares).toHaveLength(2);
    expect(shares[1]).toMatchObject({ added: [user(2), user(3), user(4)], removed: [1] });
  });

  it('reports the last state of a user who went and came back, or came and went', async () => {
    const { presence, shares } = setUp();
    presence.enter(user(1));
    await presence.report();
    presence.exit(1);
    presence.enter(user(1));
    presence.enter(user(2));
    presence.exit(2);
    await presence.report();
    expect(shares[1]).toEqual({ complete: false, added: [user(1)], removed: [2] });
  });

  it('names everybody after a report that failed, then changes again', async () => {
    const { presence, shares, answers } = setUp();
    presence.enter(user(1));
    answers.push(() => Promise.reject(new Error('away')));
    await expect(presence.report()).rejects.toThrow('away');

    presence.enter(user(2));
    await presence.report();
    expect(shares[1]).toMatchObject({ complete: true, added: [user(1), user(2)] });

    presence.enter(user(3));
    await presence.report();
    expect(shares[2]).toEqual({ complete: false, added: [user(3)], removed: [] });
  });

  it('makes the report that waited although the one before failed', async () => {
    const { presence, shares, answers } = setUp();
    answers.push(() => Promise.reject(new Error('away')));
    presence.enter(user(1));
    const first = presence.report();
    const second = presence.report();
    await expect(first).rejects.toThrow('away');
    await expect(second).resolves.toMatchObject({ here: 1 });
    expect(shares[1]).toMatchObject({ complete: true, added: [user(1)] });
  });

  it('names everybody when repaired', async () => {
    const { presence, shares } = setUp();
    presence.enter(user(1));
    await presence.report();
    await presence.repair();
    expect(shares[1]).toMatchObject({ complete: true, added: [user(1)] });
  });

  // A report in flight looked like a mismatch, and every one was repaired by naming everybody again.
  it('has a mark between reports only, and another one after each', async () => {
    const { presence, answers } = setUp();
    const before = presence.mark;
    expect(presence.agrees(0)).toBe(true);
    const { answer, release } = held();
    answers.push(answer);
    presence.enter(user(1));
    const report = presence.report();
    expect(presence.mark).toBeUndefined();
    await turn();
    presence.enter(user(2));
    const next = presence.report();
    release();
    await report;
    expect(presence.mark).toBeUndefined();
    await next;
    expect(presence.mark).not.toBe(before);
    expect(presence.mark).toBeDefined();
  });

  it('is over when nobody is here, and Redis has said so', async () => {
    const { presence, answers } = setUp();
    expect(presence.isOver).toBe(true);
    presence.enter(user(1));
    expect(presence.isOver).toBe(false);
    const first = presence.report();
    presence.exit(1);
    expect(presence.isOver).toBe(false);
    await first;
    expect(presence.isOver).toBe(true);
    presence.enter(user(1));
    await presence.report();
    presence.exit(1);
    expect(presence.isOver).toBe(false);
    answers.push(() => Promise.reject(new Error('away')));
    await expect(presence.report()).rejects.toThrow('away');
    expect(presence.isOver).toBe(false);
    await presence.report();
    expect(presence.isOver).toBe(true);
  });

  it('notices by the answer that Redis has lost somebody, and names everybody next', async () => {
    const { presence, shares, listed } = setUp();
    presence.enter(user(1));
    await presence.report();
    expect(presence.agrees(1)).toBe(true);
    listed.clear();
    presence.enter(user(2));
    await presence.report();
    expect(presence.agrees(1)).toBe(false);
    presence.enter(user(3));
    await presence.report();
    expect(shares.map(({ complete }) => complete)).toEqual([false, false, true]);
    expect(presence.agrees(3)).toBe(true);
  });

  // One came and one went in a report that failed: the number was right, and nobody saw that the list was not.
  it('does not agree with the right number after a report that failed', async () => {
    const { presence, answers } = setUp();
    presence.enter(user(1));
    await presence.report();
    answers.push(() => Promise.reject(new Error('away')));
    presence.exit(1);
    presence.enter(user(2));
    await expect(presence.report()).rejects.toThrow('away');
    expect(presence.agrees(1)).toBe(false);
  });

  // Everybody was listed for each report although only changes were sent: N joins one by one cost N × N.
  it('lists those who were here before for nothing but a repair', async () => {
    const { presence, shares } = setUp();
    for (let userId = 1; userId <= 3; userId++) {
      presence.enter(user(userId));
      await presence.report();
    }
    expect(shares.map(({ added }) => added.length)).toEqual([1, 1, 1]);
  });
});
