import type { PresenceShare, PresenceState, PresenceStore } from '@parley/redis';
import { describe, expect, it } from 'vitest';
import { stub } from '../testing/stub.js';
import { RoomPresence } from './room-presence.js';

const user = (userId: number) => ({ userId, userName: `u${userId}` });
const state: PresenceState = { members: 1, here: 1, position: { seq: 4, epoch: 'e1' } };

function setUp() {
  const shares: PresenceShare[] = [];
  const answers: (() => Promise<PresenceState>)[] = [];
  const store = stub<PresenceStore>('PresenceStore', {
    share: (roomId, instanceId, share) => {
      expect([roomId, instanceId]).toEqual([7, 'gw-1']);
      shares.push(share);
      return (answers.shift() ?? (() => Promise.resolve(state)))();
    },
  });
  return { presence: new RoomPresence(7, 'gw-1', store), shares, answers };
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

  it('covers all changes of a turn with one report', async () => {
    const { presence, shares } = setUp();
    presence.enter(user(1));
    const first = presence.report();
    presence.enter(user(2));
    await expect(first).resolves.toEqual(state);
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
    await expect(second).resolves.toEqual(state);
    expect(shares[1]).toMatchObject({ complete: true, added: [user(1)] });
  });

  it('names everybody when repaired', async () => {
    const { presence, shares } = setUp();
    presence.enter(user(1));
    await presence.report();
    await presence.repair();
    expect(shares[1]).toMatchObject({ complete: true, added: [user(1)] });
  });
});
