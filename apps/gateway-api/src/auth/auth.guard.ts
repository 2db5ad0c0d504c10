import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isOperational } from '../http/operational-routes.js';
import { FOR_GUESTS, PUBLIC, TOKEN_IN_BODY, type AuthenticatedRequest } from './access.decorators.js';
import { Admission } from './admission.js';
import { checkGuest, type GuestAccess } from './guest-access.js';

const TOKEN_IN_HEADER = 'token-in-header';
interface Access {
  readonly by: typeof PUBLIC | typeof TOKEN_IN_BODY | typeof TOKEN_IN_HEADER;
  /** What of it is for guests; undefined for nothing. */
  readonly forGuests: GuestAccess | undefined;
}

/**
 * Lets nobody in without a valid token, but on routes that say `@Public()`, and guests only where `@ForGuests()` says so. It
 * runs before validation, so a stranger learns nothing about a route's input.
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
    const { by, forGuests } = this.accessTo(context);
    if (by === PUBLIC || isOperational(request)) return true;
    request.identity =
      by === TOKEN_IN_BODY ? this.admission.byBody(request) : this.admission.byHeader(request);
    checkGuest(request.identity, forGuests, request);
    return true;
  }

  /** What the route's decorators say. They never change, and reading them costs more than the rest of the guard. */
  private accessTo(context: ExecutionContext): Access {
    const handler = context.getHandler();
    let access = this.known.get(handler);
    if (access === undefined) {
      const said = <T>(name: string) =>
        this.reflector.getAllAndOverride<T | undefined>(name, [handler, context.getClass()]);
      const by = said(PUBLIC) ? PUBLIC : said(TOKEN_IN_BODY) ? TOKEN_IN_BODY : TOKEN_IN_HEADER;
      access = { by, forGuests: said<GuestAccess>(FOR_GUESTS) };
      this.known.set(handler, access);
    }
    return access;
  }
}
