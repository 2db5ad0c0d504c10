import { AppError, isErrorCode } from '@parley/protocol';
import { z } from 'zod';

/** An error as it crosses Redis: a code of the catalogue and what may be known outside. Never a message or a stack. */
const rpcErrorSchema = z.object({
  code: z.string(),
  fields: z.array(z.string()).optional(),
  retryAfterMs: z.number().optional(),
  until: z.number().optional(),
});

/** The wire form of an error. */
export function encodeError(error: AppError): z.infer<typeof rpcErrorSchema> {
  return {
    code: error.code,
    ...(error.fields && { fields: [...error.fields] }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(error.until !== undefined && { until: error.until }),
  };
}

/** The error that a reply's `err` stands for; anything unknown is `INTERNAL`. */
export function decodeError(err: unknown): AppError {
  if (err instanceof AppError) return err;
  const parsed = rpcErrorSchema.safeParse(err);
  if (!parsed.success || !isErrorCode(parsed.data.code)) return new AppError('INTERNAL', { cause: err });
  const { code, fields, retryAfterMs, until } = parsed.data;
  return new AppError(code, {
    ...(fields && { fields }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(until !== undefined && { until }),
  });
}
