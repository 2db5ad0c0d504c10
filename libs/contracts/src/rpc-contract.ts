import type { z } from 'zod';

/** Names of the services that register themselves. */
export const serviceNames = ['gateway-api', 'logic', 'connect-gateway', 'task-worker', 'web'] as const;
export type ServiceName = (typeof serviceNames)[number];

/**
 * One RPC method: who serves it, how its two sides are validated, and how it may be called.
 * Both sides parse with these schemas, so neither trusts the other.
 */
export interface RpcContract<Req extends z.ZodType = z.ZodType, Res extends z.ZodType = z.ZodType> {
  readonly service: ServiceName;
  /** Nest message pattern, `<service>.<method>`. */
  readonly pattern: string;
  readonly request: Req;
  readonly response: Res;
  /** Calling it twice has the effect of calling it once, so a failed call may be tried on another instance. */
  readonly idempotent: boolean;
  /** The caller gives up after this, milliseconds; a callee that gets it later does not run it. */
  readonly deadlineMs: number;
  /** Bytes that a large reply may have, so that a caller asks for no more at once than it can take. */
  readonly replyBytes?: (request: never) => number;
}

/** Declares a contract, keeping the schemas' types. */
export function rpcContract<Req extends z.ZodType, Res extends z.ZodType>(
  contract: Omit<RpcContract<Req, Res>, 'replyBytes'> & {
    readonly replyBytes?: (request: z.input<Req>) => number;
  },
): RpcContract<Req, Res> {
  return Object.freeze(contract);
}

export type RpcRequest<C extends RpcContract> = z.input<C['request']>;
export type RpcResponse<C extends RpcContract> = z.output<C['response']>;
