import type { Identity } from '@parley/contracts';
import { AppError, Op } from '@parley/protocol';
import type { ClientOp } from './families/family.js';

/** What guests may send: about their own `room`, about their connection, or about the room that they wait for or are in. The compiler finds an opcode that is missing. */
const guestsMay: { readonly [O in ClientOp]: 'room' | 'self' | 'waiting' | 'no' } = {
  [Op.ping]: 'self',
  [Op.pong]: 'self',
  [Op.move]: 'room',
  [Op.join]: 'room',
  [Op.leave]: 'room',
  [Op.room]: 'room',
  [Op.act]: 'room',
  [Op.count]: 'room',
  [Op.info]: 'room',
  [Op.history]: 'room',
  [Op.read]: 'room',
  [Op.wait]: 'waiting',
  [Op.direct]: 'no',
  [Op.watch]: 'no',
};

/**
 * A guest is in one room, and nowhere else; who has not been let in is in none.
 *
 * @param roomId - The room that the frame means; undefined when it means none.
 * @throws {AppError} `FORBIDDEN`; `WAITING` for who has to be let in first.
 */
export function checkGuest(
  { role, guestOf, waitsFor }: Pick<Identity, 'role' | 'guestOf' | 'waitsFor'>,
  op: ClientOp,
  roomId: number | undefined,
): void {
  if (role !== 'guest') return;
  const may = guestsMay[op];
  if (may === 'self') return;
  if (waitsFor !== undefined) {
    if (may === 'waiting' && roomId === waitsFor) return;
    throw new AppError(roomId === waitsFor ? 'WAITING' : 'FORBIDDEN');
  }
  if (may === 'no' || (roomId !== undefined && roomId !== guestOf)) throw new AppError('FORBIDDEN');
}
