import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isOperational } from '../http/operational-routes.js';
import { PUBLIC, TOKEN_IN_BODY, type AuthenticatedRequest } from './access.decorators.js';
import { Admission } from './admission.js';

/**
 * Lets nobody in without a valid token, but on routes that say `@Public()`. It runs before validation, so a stranger
 * learns nothing about a route's input.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Admission) private readonly admission: Admission,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const flag = (name: string) =>
      this.reflector.getAllAndOverride<boolean>(name, [context.getHandler(), context.getClass()]);
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (flag(PUBLIC) || isOperational(request)) return true;
    request.identity = flag(TOKEN_IN_BODY)
      ? this.admission.byBody(request)
      : this.admission.byHeader(request);
    return true;
  }
}
