import { addressKey } from '@parley/config';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { NoticeLog } from '@parley/observability';
import { clientAddress, noticeProxy, trustedProxies } from '@parley/service-host';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';

/** A request that has passed the hook of {@link addCallerAddress}. */
type AddressedRequest = FastifyRequest & { callerAddress?: string };

/** Finds out at once who each request is from; limits count by it. @param networks - The setting `trustProxy`. */
export function addCallerAddress(
  fastify: FastifyInstance,
  networks: readonly string[],
  notice: NoticeLog,
): void {
  const trusted = trustedProxies(networks);
  const keyOf = rememberedPerSocket((socket, forwardedFor) =>
    addressKey(clientAddress(socket.remoteAddress, forwardedFor, trusted)),
  );
  fastify.decorateRequest('callerAddress', '');
  fastify.addHook('onRequest', (request: AddressedRequest, _reply, done) => {
    const { socket, headers } = request.raw;
    const forwardedFor = headers['x-forwarded-for'];
    request.callerAddress = keyOf(socket, forwardedFor);
    if (forwardedFor !== undefined) noticeProxy(socket.remoteAddress, trusted, notice);
    done();
  });
}

type ForwardedFor = string | string[] | undefined;

/** A connection is from one address; only what a proxy says of its requests may differ from one to the next. */
function rememberedPerSocket(
  find: (socket: Socket, forwardedFor: ForwardedFor) => string,
): (socket: Socket, forwardedFor: ForwardedFor) => string {
  const last = new WeakMap<Socket, { readonly forwardedFor: ForwardedFor; readonly key: string }>();
  return (socket, forwardedFor) => {
    let found = last.get(socket);
    if (!found || found.forwardedFor !== forwardedFor) {
      found = { forwardedFor, key: find(socket, forwardedFor) };
      last.set(socket, found);
    }
    return found.key;
  };
}

/** The key of the caller's address. Fastify's own `request.ip` also takes words and ports from the header. */
export const callerAddressOf = (request: FastifyRequest): string =>
  (request as AddressedRequest).callerAddress ?? addressKey(undefined);

/** Who waits for a password to be looked at. */
export interface PasswordCaller {
  /** {@link callerAddressOf} */
  readonly address: string;
  /** False when the connection has gone: nobody waits any more. */
  readonly isHere: () => boolean;
}

/** {@link PasswordCaller} as a handler's parameter. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): PasswordCaller => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { address: callerAddressOf(request), isHere: () => !request.raw.socket.destroyed };
});
