import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Identity } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { FastifyRequest } from 'fastify';

export const PUBLIC = 'public';
export const TOKEN_IN_BODY = 'token-in-body';

/** Anyone may call this. Every other route needs a token. */
export const Public = () => SetMetadata(PUBLIC, true);

export const FOR_GUESTS = 'for-guests';
/**
 * Guests may call this: about their own `room`, which the address (`:id`) or gochat's body (`roomId`) names, or about `self`.
 * Nothing else is theirs. `waiting`: about the room that they wait to be let into, or are in.
 */
export const ForGuests = (about: 'room' | 'self' | 'waiting') => SetMetadata(FOR_GUESTS, about);

/** What the hooks before a route need to know of it. */
export interface RouteFacts {
  /** A send: counted before its body is validated. */
  readonly sends?: boolean;
  /** Who calls is known when the body has been read. */
  readonly tokenInBody?: boolean;
}

/** The token is the body's `authToken`, as gochat's clients send it. */
export const TokenInBody = (facts: Pick<RouteFacts, 'sends'> = {}): MethodDecorator =>
  applyDecorators(SetMetadata(TOKEN_IN_BODY, true), RouteConfig({ ...facts, tokenInBody: true }));
/** The route sends a message; the token is in the header. */
export const Sends = (): MethodDecorator => RouteConfig({ sends: true } satisfies RouteFacts);

/** The facts of the route that a request has been matched with. */
export const factsOf = ({ routeOptions }: Pick<FastifyRequest, 'routeOptions'>): RouteFacts =>
  (routeOptions.config ?? {}) as RouteFacts;

/** A request that has passed the guard. */
export interface AuthenticatedRequest extends FastifyRequest {
  identity?: Identity;
}

/** The caller, put there by the guard. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  // A public route that asks for its caller is a mistake in the code; nobody gets in through it.
  if (!identity) throw new AppError('UNAUTHENTICATED');
  return identity;
});
