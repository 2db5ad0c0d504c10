import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { addressKey, clientAddress, trustedProxies } from '@parley/service-host';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** A request that has passed the hook of {@link addCallerAddress}. */
type AddressedRequest = FastifyRequest & { callerAddress?: string };

/** Finds out at once who each request is from; limits count by it. @param networks - The setting `trustProxy`. */
export function addCallerAddress(fastify: FastifyInstance, networks: readonly string[]): void {
  const trusted = trustedProxies(networks);
  fastify.decorateRequest('callerAddress', '');
  fastify.addHook('onRequest', (request: AddressedRequest, _reply, done) => {
    const { socket, headers } = request.raw;
    request.callerAddress = addressKey(
      clientAddress(socket.remoteAddress, headers['x-forwarded-for'], trusted),
    );
    done();
  });
}

/** The key of the caller's address. Fastify's own `request.ip` also takes words and ports from the header. */
export const callerAddressOf = (request: FastifyRequest): string =>
  (request as AddressedRequest).callerAddress ?? addressKey(undefined);

/** {@link callerAddressOf} as a handler's parameter. */
export const CallerAddress = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  callerAddressOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
