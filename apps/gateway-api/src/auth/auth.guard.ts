import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isOperational } from '../http/operational-routes.js';
import { PUBLIC, TOKEN_IN_BODY, type AuthenticatedRequest } from './access.decorators.js';
import { Admission } from './admission.js';

const TOKEN_IN_HEADER = 'token-in-header';
type Access = typeof PUBLIC | typeof TOKEN_IN_BODY | typeof TOKEN_IN_HEADER;

/**
 * Lets nobody in without a valid token, but on routes that say `@Public()`. It runs before validation, so a stranger
 * learns nothing about a route's input.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly known = new WeakMap<object, Access>();

  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Admission) private readonly admission: Admission,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const access = this.accessTo(context);
    if (access === PUBLIC || isOperational(request)) return true;
    request.identity =
      access === TOKEN_IN_BODY ? this.admission.byBody(request) : this.admission.byHeader(request);
    return true;
  }

  /** What the route's decorators say. They never change, and reading them costs more than the rest of the guard. */
  private accessTo(context: ExecutionContext): Access {
    const handler = context.getHandler();
    let access = this.known.get(handler);
    if (access === undefined) {
      const flag = (name: string) =>
        this.reflector.getAllAndOverride<boolean>(name, [handler, context.getClass()]);
      access = flag(PUBLIC) ? PUBLIC : flag(TOKEN_IN_BODY) ? TOKEN_IN_BODY : TOKEN_IN_HEADER;
      this.known.set(handler, access);
    }
    return access;
  }
}
