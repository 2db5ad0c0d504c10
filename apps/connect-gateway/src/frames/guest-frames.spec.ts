import { Op } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { checkGuest } from './guest-frames.js';

const guest = { role: 'guest' as const, guestOf: 7 };
const about = [Op.move, Op.join, Op.leave, Op.room, Op.act, Op.count, Op.info, Op.history, Op.read] as const;

describe('a guest', () => {
  it.each(about)('may send op %i about the own room, and about no other', (op) => {
    expect(() => checkGuest(guest, op, 7)).not.toThrow();
    expect(() => checkGuest(guest, op, 8)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it.each([Op.direct, Op.watch])('may not send op %i, wherever', (op) => {
    for (const roomId of [7, 8, undefined])
      expect(() => checkGuest(guest, op, roomId)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it('keeps the connection up', () => {
    for (const op of [Op.ping, Op.pong]) expect(() => checkGuest(guest, op, undefined)).not.toThrow();
  });

  it('of no room has none', () => {
    expect(() => checkGuest({ role: 'guest' }, Op.join, 7)).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    );
  });
});

it('nobody else is held back', () => {
  for (const role of ['user', 'admin'] as const)
    for (const op of [...about, Op.direct, Op.watch]) expect(() => checkGuest({ role }, op, 8)).not.toThrow();
});
