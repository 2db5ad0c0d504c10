import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isOperational } from '../http/operational-routes.js';
import { PUBLIC, TOKEN_IN_BODY, type AuthenticatedRequest } from './access.decorators.js';
import { TokenVerifier } from '@parley/service-host';

/**
 * Lets nobody in without a valid token, but on routes that say `@Public()`. It runs before validation, so a stranger
 * learns nothing about a route's input.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(TokenVerifier) private readonly tokens: TokenVerifier,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const flag = (name: string) =>
      this.reflector.getAllAndOverride<boolean>(name, [context.getHandler(), context.getClass()]);
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (flag(PUBLIC) || isOperational(request)) return true;
    request.identity = this.tokens.verify(
      flag(TOKEN_IN_BODY) ? tokenInBody(request.body) : bearerToken(request.headers.authorization),
    );
    return true;
  }
}

/** @see RFC 6750, section 2.1 */
function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header ?? '')?.[1];
}

/** gochat's clients put the token into the body. */
export function tokenInBody(body: unknown): unknown {
  return typeof body === 'object' && body !== null
    ? (body as Record<string, unknown>)['authToken']
    : undefined;
}
