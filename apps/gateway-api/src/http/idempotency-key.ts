import { newId } from '@parley/contracts';
import { AppError, idempotencyKeySchema } from '@parley/protocol';

/** What makes a request idempotent: its header, or an id of its own. @throws {AppError} `INVALID`. */
export function idOf(key: string | undefined): string {
  if (key === undefined) return newId();
  const parsed = idempotencyKeySchema.safeParse(key);
  if (!parsed.success) throw new AppError('INVALID', { fields: ['Idempotency-Key'] });
  return parsed.data;
}
