import type { PipeTransform } from '@nestjs/common';
import { AppError, codePointLength, limits } from '@parley/protocol';
import type { z } from 'zod';

/** Validates a body, query or parameter with a schema of the protocol. */
export class ZodPipe<S extends z.ZodType> implements PipeTransform<unknown, z.output<S>> {
  constructor(private readonly schema: S) {}

  /** @throws {AppError} `INVALID` with the names of the fields, or `MESSAGE_TOO_LONG`. */
  transform(value: unknown): z.output<S> {
    const parsed = this.schema.safeParse(value ?? {});
    if (!parsed.success) {
      throw new AppError('INVALID', {
        fields: [...new Set(parsed.error.issues.map((issue) => issue.path.join('.')))],
      });
    }
    const text = (parsed.data as { msg?: unknown } | null)?.msg;
    if (typeof text === 'string' && codePointLength(text) > limits.maxTextCodePoints)
      throw new AppError('MESSAGE_TOO_LONG');
    return parsed.data;
  }
}
