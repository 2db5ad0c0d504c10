import { newId } from '@parley/contracts';
import { AppError, guestKeySchema, idempotencyKeySchema } from '@parley/protocol';

/** What makes a request idempotent: its header, or an id of its own. @throws {AppError} `INVALID`. */
export const idOf = (key: string | undefined): string => keyOf(key) ?? newId();

/** The header that makes a request idempotent, if it has one. @throws {AppError} `INVALID`. */
export function keyOf(
  key: string | undefined,
  schema: typeof idempotencyKeySchema | typeof guestKeySchema = idempotencyKeySchema,
): string | undefined {
  const parsed = schema.optional().safeParse(key);
  if (!parsed.success) throw new AppError('INVALID', { fields: ['Idempotency-Key'] });
  return parsed.data;
}
