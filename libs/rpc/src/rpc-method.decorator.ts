import {
  applyDecorators,
  UseFilters,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { RpcContract } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { catchError, map, throwError, type Observable } from 'rxjs';
import type { z } from 'zod';
import { RpcErrorFilter } from './rpc-error.filter.js';

class RequestPipe implements PipeTransform {
  constructor(private readonly schema: z.ZodType) {}

  transform(value: unknown): unknown {
    const parsed = this.schema.safeParse(value);
    if (!parsed.success) {
      throw new AppError('INVALID', {
        cause: parsed.error,
        fields: [...new Set(parsed.error.issues.map((issue) => issue.path.join('.')))],
      });
    }
    return parsed.data;
  }
}

class ResponseInterceptor implements NestInterceptor {
  constructor(private readonly contract: RpcContract) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((value: unknown) => this.contract.response.parse(value)),
      catchError((error: unknown) => throwError(() => AppError.from(error))),
    );
  }
}

/**
 * Serves a contract's method: the argument is the validated request, and what is returned is validated before it is
 * sent. Anything but an `AppError` reaches the caller as `INTERNAL`.
 */
export function RpcMethod(contract: RpcContract): MethodDecorator {
  return applyDecorators(
    MessagePattern(contract.pattern),
    UsePipes(new RequestPipe(contract.request)),
    UseFilters(RpcErrorFilter),
    UseInterceptors(new ResponseInterceptor(contract)),
  );
}
