import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { AppError } from '@parley/protocol';
import { throwError, type Observable } from 'rxjs';

/** Lets `AppError`s through to the transport; Nest's default filter would replace them by a bare text. */
@Catch()
export class RpcErrorFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => AppError.from(error));
  }
}
