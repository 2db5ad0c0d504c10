import type { Identity } from '@parley/contracts';
import { AppError, Op } from '@parley/protocol';
import type { ClientOp } from './families/family.js';

/** What guests may send: about their own `room`, or about their connection. The compiler finds an opcode that is missing. */
const guestsMay: { readonly [O in ClientOp]: 'room' | 'self' | 'no' } = {
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
  [Op.direct]: 'no',
  [Op.watch]: 'no',
};

/**
 * A guest is in one room, and nowhere else.
 *
 * @param roomId - The room that the frame means; undefined when it means none.
 * @throws {AppError} `FORBIDDEN`.
 */
export function checkGuest(
  { role, guestOf }: Pick<Identity, 'role' | 'guestOf'>,
  op: ClientOp,
  roomId: number | undefined,
): void {
  if (role !== 'guest') return;
  const may = guestsMay[op];
  if (may === 'no' || (may === 'room' && roomId !== undefined && roomId !== guestOf))
    throw new AppError('FORBIDDEN');
}
