import type { Identity } from '@parley/contracts';
import { AppError, idField } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';

/** What of a route guests may do; see `ForGuests`. */
export type GuestAccess = 'room' | 'self' | 'waiting';

/**
 * A guest is in one room, and nowhere else: what is not said to be for guests is not, and what is about a room is about his.
 *
 * Who has not been let in has no room at all.
 *
 * @throws {AppError} `FORBIDDEN`; `WAITING` for who has to be let in first.
 */
export function checkGuest(
  { role, guestOf, waitsFor }: Pick<Identity, 'role' | 'guestOf' | 'waitsFor'>,
  access: GuestAccess | undefined,
  request: Pick<FastifyRequest, 'params' | 'body'>,
): void {
  if (role !== 'guest') return;
  if (access === 'self') return;
  if (access === 'room' && guestOf !== undefined && roomOf(request) === guestOf) return;
  const isHis = waitsFor !== undefined && roomOf(request) === waitsFor;
  if (access === 'waiting' && (isHis || (guestOf !== undefined && roomOf(request) === guestOf))) return;
  throw new AppError(isHis ? 'WAITING' : 'FORBIDDEN');
}

/** The room that a request is about; undefined when it names none that could be one. */
function roomOf({ params, body }: Pick<FastifyRequest, 'params' | 'body'>): number | undefined {
  const named = fieldOf(params, 'id') ?? fieldOf(body, 'roomId');
  const parsed = idField.safeParse(named);
  return parsed.success ? parsed.data : undefined;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
