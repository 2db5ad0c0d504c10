import type { PipeTransform } from '@nestjs/common';
import { AppError, codePointLength, limits } from '@parley/protocol';
import type { z } from 'zod';

/** Validates a body, query or parameter with a schema of the protocol. Unknown fields are dropped. */
export class ZodPipe<S extends z.ZodType> implements PipeTransform<unknown, z.output<S>> {
  /** @param name - What `fields` calls the value itself. */
  constructor(
    private readonly schema: S,
    private readonly name = 'body',
  ) {}

  /** @throws {AppError} `INVALID` with the names of the fields, or `MESSAGE_TOO_LONG`. */
  transform(value: unknown): z.output<S> {
    const parsed = this.schema.safeParse(value ?? {});
    if (!parsed.success) {
      const names = parsed.error.issues.map(({ path }) => path.join('.') || this.name);
      throw new AppError('INVALID', { fields: [...new Set(names)] });
    }
    const text = (parsed.data as { msg?: unknown } | null)?.msg;
    if (typeof text === 'string' && codePointLength(text) > limits.maxTextCodePoints)
      throw new AppError('MESSAGE_TOO_LONG');
    return parsed.data;
  }
}
