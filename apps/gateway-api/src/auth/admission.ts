import { Inject, Injectable } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import { TokenVerifier } from '@parley/service-host';
import type { FastifyRequest } from 'fastify';
import { callerAddressOf } from '../http/caller-address.js';
import { isOperational } from '../http/operational-routes.js';
import { RateLimits } from '../http/rate-limits.js';
import { factsOf, type AuthenticatedRequest } from './access.decorators.js';

/**
 * Finds out who calls and counts it, once for each request: a user by itself, everybody else by address. So whoever floods
 * is refused alone, and people who share an address do not share its limit once they are logged in.
 */
@Injectable()
export class Admission {
  constructor(
    @Inject(TokenVerifier) private readonly tokens: TokenVerifier,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  /**
   * Before the body is read: what is refused costs nothing more. A token that is not valid is the guard's to refuse.
   *
   * @throws {AppError} `RATE_LIMITED`
   */
  beforeBody(request: AuthenticatedRequest): void {
    if (isOperational(request) || factsOf(request).tokenInBody) return;
    const token = bearerToken(request.headers.authorization);
    try {
      if (token !== undefined) request.identity = this.tokens.verify(token);
    } catch {
      // Counted as a stranger's, below.
    }
    if (request.identity) this.count(request, request.identity);
    else this.limits.stranger(callerAddressOf(request));
  }

  /**
   * The caller of a route with the token in its body.
   *
   * @throws {AppError} `RATE_LIMITED`, `UNAUTHENTICATED` or `SESSION_REVOKED`.
   */
  byBody(request: AuthenticatedRequest): Identity {
    let identity: Identity;
    try {
      identity = this.tokens.verify(tokenInBody(request.body));
    } catch (error) {
      this.limits.stranger(callerAddressOf(request));
      throw error;
    }
    this.count(request, identity);
    return identity;
  }

  /** The caller of any other route. @throws {AppError} `UNAUTHENTICATED` or `SESSION_REVOKED`. */
  byHeader(request: AuthenticatedRequest): Identity {
    return request.identity ?? this.tokens.verify(bearerToken(request.headers.authorization));
  }

  private count(request: FastifyRequest, { userId }: Identity): void {
    this.limits.user(userId);
    if (factsOf(request).sends) this.limits.send(userId);
  }
}

/** @see RFC 6750, section 2.1 */
function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header ?? '')?.[1];
}

/** gochat's clients put the token into the body. */
function tokenInBody(body: unknown): unknown {
  return typeof body === 'object' && body !== null
    ? (body as Record<string, unknown>)['authToken']
    : undefined;
}
