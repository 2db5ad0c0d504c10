import { describe, expect, it } from 'vitest';
import { FakeConnection } from '../testing/fake-connection.js';
import { Departures } from './departures.js';
import { RoomActs, type PutOut } from './room-acts.js';

const NOW_MS = 1_000_000;
const kicked = (whom: number): PutOut => ({ whom, reason: 'kicked' });

/** A room of users 1, 2 and 3, of whom 2 is there twice. */
function setUp() {
  const connections = [1, 2, 2, 3].map((userId) => new FakeConnection(userId));
  const members = new Map(connections.map((connection) => [connection, {}]));
  const gone: [number | undefined, PutOut][] = [];
  const departures = new Departures(members, (connection, why) => {
    members.delete(connection as FakeConnection);
    gone.push([connection.identity?.userId, why]);
  });
  return { departures, gone, members };
}

describe('who has to leave', () => {
  it('stays until everybody has the act that says so, and leaves on all connections', () => {
    const { departures, gone } = setUp();
    departures.add(7, kicked(2));
    departures.passed(6);
    expect(gone).toEqual([]);
    departures.passed(7);
    expect(gone).toEqual([
      [2, kicked(2)],
      [2, kicked(2)],
    ]);
  });

  it('leaves once: whoever comes in again afterwards stays', () => {
    const { departures, gone, members } = setUp();
    departures.add(7, kicked(1));
    departures.passed(8);
    members.set(new FakeConnection(1), {});
    departures.passed(9);
    expect(gone).toHaveLength(1);
  });

  it('leaves each behind his own act', () => {
    const { departures, gone } = setUp();
    departures.add(7, kicked(1));
    departures.add(9, kicked(3));
    departures.passed(8);
    expect(gone.map(([userId]) => userId)).toEqual([1]);
    departures.passed(9);
    expect(gone.map(([userId]) => userId)).toEqual([1, 3]);
  });

  it('is nobody while nothing was said', () => {
    const { departures, gone } = setUp();
    departures.passed(100);
    expect(gone).toEqual([]);
  });

  it('is whom acts that were missed have banned, as long as the ban lasts, or put out', () => {
    const { departures, gone } = setUp();
    const acts = new RoomActs(
      new Map([
        ['b1', String(NOW_MS + 1)],
        ['b3', String(NOW_MS)],
      ]),
    );
    departures.missed(acts, NOW_MS, [kicked(2)]);
    expect(gone).toEqual([
      [1, { whom: 1, reason: 'banned', until: NOW_MS + 1 }],
      [2, kicked(2)],
      [2, kicked(2)],
    ]);
  });
});
