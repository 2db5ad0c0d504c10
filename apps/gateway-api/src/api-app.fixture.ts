import { Global, Module } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { Origins } from '@parley/config';
import type { RpcContract, RpcRequest, RpcResponse } from '@parley/contracts';
import {
  HealthModule,
  installCorrelation,
  MAX_PARAM_LENGTH,
  MetricsModule,
  type NoticeLog,
} from '@parley/observability';
import { AppError, limits } from '@parley/protocol';
import { DatabaseLife, RevocationList } from '@parley/redis';
import { RpcClient, type CallOptions } from '@parley/rpc';
import { OriginGate, SigningKeys } from '@parley/service-host';
import { ApiModule } from './api.module.js';
import { configureHttp } from './configure-http.js';
import type { RateOptions } from './http/rate-limits.js';

/** Signs the tokens of a fixture. */
export const jwtSecret = 'a-secret-of-the-unit-specs';

/** Opens `/metrics` of a fixture. */
export const metricsToken = 'a-metrics-token-of-the-unit-specs';

/** Stands in for `logic`: answers what a spec says, checks both sides against the contract, refuses everything else. */
export class FakeLogic {
  readonly calls: { pattern: string; request: unknown; options: CallOptions }[] = [];
  private readonly answers = new Map<string, (request: never) => unknown>();

  /** `answer` may throw, or return a promise. */
  on<C extends RpcContract>(
    contract: C,
    answer: (request: RpcRequest<C>) => RpcResponse<C> | Promise<RpcResponse<C>>,
  ): this {
    this.answers.set(contract.pattern, answer);
    return this;
  }

  /** Every room has an instance of its own, so that a spec sees its calls one by one. */
  instanceFor(_contract: RpcContract, key: string | number): string {
    return String(key);
  }

  async call(contract: RpcContract, request: unknown, options: CallOptions = {}): Promise<unknown> {
    this.calls.push({ pattern: contract.pattern, request, options });
    const answer = this.answers.get(contract.pattern);
    if (!answer) throw new Error(`the spec does not expect ${contract.pattern}`);
    return contract.response.parse(await answer(contract.request.parse(request) as never));
  }
}

export interface ApiAppOptions {
  readonly env?: 'dev' | 'prod';
  readonly origins?: Origins;
  readonly trustProxy?: readonly string[];
  readonly rate?: Partial<RateOptions>;
}

/** The whole HTTP edge without a port, in front of a fake `logic`. */
export interface ApiApp {
  readonly app: NestFastifyApplication;
  readonly logic: FakeLogic;
  /** Session ids that count as logged out. */
  readonly revoked: Set<string>;
  /** What was reported as `INTERNAL`. */
  readonly errors: unknown[];
  /** What whoever runs it was told of strangers. */
  readonly notices: object[];
  readonly routes: { method: string; url: string }[];
  token(claims?: Readonly<Record<string, unknown>>, secret?: string): string;
  close(): Promise<void>;
}

/** Starts one; close it. Limits are out of the way unless given. */
export async function startApiApp(options: ApiAppOptions = {}): Promise<ApiApp> {
  const logic = new FakeLogic();
  const revoked = new Set<string>();
  const errors: unknown[] = [];
  const routes: { method: string; url: string }[] = [];
  const notices: object[] = [];
  const notice: NoticeLog = (message, _key, fields) => notices.push({ message, ...fields });
  const ports = [
    { provide: RpcClient, useValue: logic },
    { provide: DatabaseLife, useValue: { accepts: (life?: string) => life !== 'other' } },
    { provide: RevocationList, useValue: { isRevoked: (id: string) => revoked.has(id) } },
  ];
  @Global()
  @Module({ providers: ports, exports: [RpcClient, DatabaseLife, RevocationList] })
  class FakeHostModule {}

  const rate = {
    loginPerMinute: 1_000_000,
    registrationsPerMinute: 1_000_000,
    requestsPerSecond: 1_000_000,
    sendBurst: 1_000_000,
    sendsPerSecond: 1_000_000,
    ...options.rate,
  };
  const testing = await Test.createTestingModule({
    imports: [
      FakeHostModule,
      HealthModule,
      MetricsModule.forRoot({ app: 'gateway-api', token: metricsToken, loopback: false }),
      ApiModule.forRoot({ keys: new SigningKeys(jwtSecret), rate, errorLog: (error) => errors.push(error) }),
    ],
  }).compile();
  // As bootstrapApp makes it.
  const adapter = new FastifyAdapter({
    bodyLimit: limits.maxHttpBodyBytes,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  });
  const fastify = adapter.getInstance();
  installCorrelation(fastify);
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) routes.push({ method: name, url });
  });
  const app = testing.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  configureHttp(app, {
    env: options.env ?? 'dev',
    trustProxy: options.trustProxy ?? [],
    gate: new OriginGate(options.origins ?? ['loopback'], notice),
    notice,
  });
  await app.init();
  await fastify.ready();

  const signer = new JwtService({});
  const defaults = { sub: '3', name: 'demo', role: 'user', sid: 's-3' };
  return {
    app,
    logic,
    revoked,
    errors,
    notices,
    routes,
    token: (claims = {}, secret = jwtSecret) => {
      const expiry = 'exp' in claims ? {} : { expiresIn: 3_600 };
      return signer.sign({ ...defaults, ...claims }, { secret, ...expiry });
    },
    close: () => app.close(),
  };
}

/** A session as `logic` answers it. */
export const sessionOf = (token: string, userId = 3, userName = 'demo') => ({
  token,
  expiresAt: 1_800_000_000_000,
  user: { userId, userName, role: 'user' as const },
});

/** The ack of a send. */
export const ackOf = (clientMsgId: string, seq = 1, roomId = 1) => ({
  roomId,
  seq,
  epoch: 'e1',
  id: `m-${seq}`,
  clientMsgId,
  sentAt: 1_790_000_000_000,
  duplicate: false,
});

/** For a fake that refuses. */
export function refuse(...args: ConstructorParameters<typeof AppError>): () => never {
  return () => {
    throw new AppError(...args);
  };
}
