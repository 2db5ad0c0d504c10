import { AppError, factNames, FOREVER, type RoomFacts, type RoomRole } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { refuseSilent } from './refuse-silent.js';

const NOW = 1_000_000;

function refusal(facts: [string, string][], role: RoomRole = 'guest') {
  const actor = { userId: 9, userName: 'Ada', standing: 'guest' as const, isAdmin: false, role };
  try {
    refuseSilent({ facts: new Map(facts) as RoomFacts, actor, roomId: 7, nowMs: NOW });
    return 'ok';
  } catch (error) {
    const { code, until } = error as AppError;
    return until === undefined ? code : `${code} ${until}`;
  }
}

describe('who may not speak', () => {
  it('is whom a ban, a time-out or a panic keeps from it, as long as it holds', () => {
    expect(refusal([])).toBe('ok');
    expect(refusal([[factNames.banned(9), String(FOREVER)]])).toBe(`BANNED ${FOREVER}`);
    expect(refusal([[factNames.banned(9), String(NOW)]])).toBe('ok');
    expect(refusal([[factNames.banned(8), String(FOREVER)]])).toBe('ok');
    expect(refusal([[factNames.muted(9), String(NOW + 1)]])).toBe(`MUTED ${NOW + 1}`);
    expect(refusal([[factNames.muted(9), String(NOW)]])).toBe('ok');
    expect(refusal([[factNames.prior, '{}']])).toBe('WAITING');
    expect(refusal([[factNames.prior, '{}']], 'member')).toBe('ok');
  });

  it('is who is below what the mode of the room asks for', () => {
    const inMode = (mode: string, role: RoomRole) => refusal([[factNames.mode, mode]], role);
    expect([inMode('members', 'guest'), inMode('members', 'member')]).toEqual(['HOSTS_ONLY', 'ok']);
    expect([inMode('speakers', 'member'), inMode('speakers', 'speaker')]).toEqual(['HOSTS_ONLY', 'ok']);
    expect([inMode('hosts', 'speaker'), inMode('hosts', 'moderator')]).toEqual(['HOSTS_ONLY', 'ok']);
    expect(inMode('closed', 'owner')).toBe('ROOM_CLOSED');
  });

  it('is everybody but hosts before a room opens, and from its closing on', () => {
    const opens = (at: number, role?: RoomRole) => refusal([[factNames.opens, String(at)]], role);
    const closes = (at: number, role?: RoomRole) => refusal([[factNames.closes, String(at)]], role);
    expect([opens(NOW + 1), opens(NOW), opens(NOW + 1, 'moderator')]).toEqual([
      `ROOM_CLOSED ${NOW + 1}`,
      'ok',
      'ok',
    ]);
    expect([closes(NOW), closes(NOW + 1), closes(NOW, 'owner')]).toEqual(['ROOM_CLOSED', 'ok', 'ok']);
  });
});
