import { limits, userNameField } from '@parley/protocol';
import { z } from 'zod';

import { type AppName, appNames, type Environment } from './app-name.js';
import type { DeepReadonly } from './deep-freeze.js';
import { readKeyPair } from './tls/key-pair.js';
import {
  authoritiesField,
  choice,
  expected,
  fileProblem,
  flag,
  milliseconds,
  networksField,
  nonNegative,
  nonNegativeMs,
  notAnExamplePassword,
  openingToken,
  passwordSetting,
  originsField,
  port,
  positive,
  secretOf,
  signingSecret,
  text,
  urlField,
} from './fields.js';

/**
 * Rules that need two fields sit on the smallest object that holds both, so that a mistake elsewhere does not hide
 * them: zod skips an object's own rules when one of its fields is wrong.
 */
const rule = (message: string, path: string) => ({ error: message, path: [path] });

/** A token that names no key is tried with each. */
const maxOtherSecrets = 8;

const redis = (mode: Environment) =>
  z
    .strictObject({
      url: secretOf(notAnExamplePassword(mode, urlField(['redis:', 'rediss:']))),
      caFile: authoritiesField.optional(),
      // Braces would change the hash tag, and with it the Redis Cluster slot.
      prefix: text.regex(/^[^{}\s]{1,64}$/, 'must be 1 to 64 characters without spaces and braces'),
      shardCount: positive.max(1_024, 'must be at most 1024'),
    })
    .refine(({ url, caFile }) => caFile === undefined || url.reveal().startsWith('rediss:'), {
      ...rule('is of no use where redis.url does not start with rediss://', 'caFile'),
    });

const registry = z
  .strictObject({ leaseTtlMs: milliseconds, heartbeatIntervalMs: milliseconds })
  .refine((value) => value.leaseTtlMs > 2 * value.heartbeatIntervalMs, {
    ...rule('must be more than twice registry.heartbeatIntervalMs', 'leaseTtlMs'),
  });

const common = (mode: Environment) => ({
  app: z.enum(appNames),
  env: choice(['dev', 'prod']),
  /** Where `config/` is; relative paths start here. */
  root: text,
  host: text,
  instanceId: text.regex(
    /^[A-Za-z0-9._-]{1,128}$/,
    'must be 1 to 128 letters, digits, dots, dashes, underscores',
  ),
  advertisedHost: text.optional(),
  supervised: flag,
  /** Folder of the sockets by which processes of one machine call each other, or `off`. */
  linkDir: text.optional(),
  log: z.strictObject({
    level: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    pretty: flag.optional(),
  }),
  redis: redis(mode),
  registry,
  shutdown: z.strictObject({ drainWindowMs: nonNegativeMs }),
  admin: z.strictObject({ port }),
  trace: z
    .strictObject({
      url: secretOf(urlField(['http:', 'https:'])).optional(),
      oneIn: positive.default(100),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      token: openingToken(mode).optional(),
    })
    .prefault({}),
});

/** A certificate and its key, which a server shows; without one it speaks plain, and something in front of it ends TLS. */
const tls = z
  .strictObject({ certFile: text.optional(), keyFile: text.optional() })
  .prefault({})
  .superRefine(({ certFile, keyFile }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (certFile === undefined && keyFile === undefined) return;
    if (certFile === undefined) return refuse('certFile', 'is required where there is a key');
    if (keyFile === undefined) return refuse('keyFile', 'is required where there is a certificate');
    const problem = fileProblem(() => readKeyPair({ certFile, keyFile }));
    if (problem)
      refuse(problem.file === certFile ? 'certFile' : 'keyFile', `names a file that ${problem.problem}`);
  })
  .transform(({ certFile, keyFile }) => (certFile && keyFile ? { certFile, keyFile } : undefined));

const jwt = (mode: Environment) =>
  z.strictObject({
    /** Signs, and verifies. */
    secret: signingSecret(mode),
    /** These verify only: the one that comes, while others do not know it yet, and those whose tokens have not ended. */
    otherSecrets: z
      .array(signingSecret(mode), expected('a list of secrets'))
      .max(maxOtherSecrets, `must be at most ${maxOtherSecrets}`),
    ttlMs: milliseconds,
  });
const http = z.strictObject({ port });

/** Of the WebSocket address; exactly this, as it stands in a request. */
const wsPath = text.regex(/^\/[\w/-]*$/, 'must be a path like /ws');

/** Acts of one user on rooms. */
const actRate = {
  actBurst: positive.default(limits.actBurst),
  actsPerSecond: positive.default(limits.actsPerSecond),
};

/** Sends of one user; an edge refuses a flood before `logic` is asked. */
const sendRate = {
  sendBurst: positive.default(limits.sendBurst),
  sendsPerSecond: positive.default(limits.sendsPerSecond),
};

const connectLimits = z
  .strictObject({
    unauthenticatedIdleMs: milliseconds.default(limits.unauthenticatedIdleMs),
    heartbeatIntervalMs: milliseconds.default(limits.heartbeatIntervalMs),
    heartbeatTimeoutMs: milliseconds.default(limits.heartbeatTimeoutMs),
    maxOutboundBytes: positive,
    positionCheckMs: milliseconds,
    maxConnections: positive,
    connectionsPerUser: positive,
    connectionsPerAddress: positive,
    ...sendRate,
  })
  .refine((value) => value.heartbeatTimeoutMs > 2 * value.heartbeatIntervalMs, {
    ...rule('must be more than twice limits.heartbeatIntervalMs', 'heartbeatTimeoutMs'),
  });

/** Entries that one read may ask of one stream: larger ones would hold up Redis, and the batch is in memory at once. */
const entriesPerRead = positive.max(1_000, 'must be at most 1000');

const dispatch = z
  .strictObject({
    batchSize: entriesPerRead,
    blockMs: milliseconds,
    shardLeaseTtlMs: milliseconds,
    laneMaxEntries: positive,
    deliverDeadlineMs: milliseconds,
  })
  .refine((value) => value.shardLeaseTtlMs > 2 * value.blockMs, {
    ...rule('must be more than twice dispatch.blockMs', 'shardLeaseTtlMs'),
  })
  .refine((value) => value.laneMaxEntries >= value.batchSize, {
    ...rule('must be at least dispatch.batchSize', 'laneMaxEntries'),
  });

/** `sqlite:<path>` or a Postgres URL; both may hold a password. */
const databaseUrl = (mode: Environment) =>
  secretOf(
    notAnExamplePassword(
      mode,
      text.refine((value) => /^(sqlite:.+|postgres(ql)?:\/\/.+)$/.test(value), {
        error: 'must be sqlite:<path> or postgres://…',
      }),
    ),
  );

const database = (mode: Environment) =>
  z
    .strictObject({ url: databaseUrl(mode), caFile: authoritiesField.optional() })
    .refine(({ url, caFile }) => caFile === undefined || url.reveal().startsWith('postgres'), {
      ...rule('is of no use where database.url does not start with postgres://', 'caFile'),
    })
    .refine(
      ({ url, caFile }) => caFile === undefined || !/[?&]sslmode=(disable|no-verify)\b/.test(url.reveal()),
      {
        ...rule('and the sslmode of database.url say the opposite: leave one out', 'caFile'),
      },
    );

/** Whether there are accounts whose password everybody knows. */
const demoAccountsField = (mode: Environment) =>
  flag.refine((value) => mode === 'dev' || !value, 'must be false in prod');

/** An admin for an empty database; none without a password. */
const firstAdmin = (mode: Environment) =>
  z
    .strictObject({
      name: text
        .refine((name) => userNameField.safeParse(name).success, 'must be the name of a user')
        .default('admin'),
      password: passwordSetting(mode).optional(),
    })
    .prefault({});

/** One schema per app, for the rules of one environment. */
export const schemas = {
  'gateway-api': (mode: Environment) =>
    z.strictObject({
      ...common(mode),
      jwt: jwt(mode),
      tls,
      http,
      cors: z.strictObject({ origins: originsField(mode) }),
      trustProxy: networksField,
      rate: z.strictObject({
        loginPerMinute: positive,
        registrationsPerMinute: positive,
        requestsPerSecond: positive,
        ...sendRate,
      }),
    }),
  'connect-gateway': (mode: Environment) =>
    z.strictObject({
      ...common(mode),
      jwt: jwt(mode),
      tls,
      ws: z.strictObject({ port, path: wsPath }),
      tcp: z.strictObject({ port: port.or(z.literal('off')) }),
      origins: originsField(mode),
      trustProxy: networksField,
      hints: flag,
      limits: connectLimits,
    }),
  logic: (mode: Environment) =>
    z.strictObject({
      ...common(mode),
      jwt: jwt(mode),
      dataDir: text,
      database: database(mode),
      demoAccounts: demoAccountsField(mode),
      firstAdmin: firstAdmin(mode),
      argon2: z.strictObject({
        // argon2 itself asks for at least 8 KiB per lane.
        memoryKib: positive.min(8, 'must be at least 8'),
        iterations: positive,
        parallelism: positive,
      }),
      limits: z.strictObject({
        ...sendRate,
        ...actRate,
        originalsKeptMs: milliseconds.default(30 * 86_400_000),
        roomsPerUser: positive,
        roomsPerMinute: positive,
        roomIdleMs: positive.min(2_000, 'must be at least 2000'),
      }),
      maxPendingEntries: positive,
      acks: z.strictObject({ replicas: nonNegative.max(16, 'must be at most 16'), fsync: flag }),
      roomCreation: choice(['everyone', 'admins']),
    }),
  'task-worker': (mode: Environment) =>
    z.strictObject({
      ...common(mode),
      dispatch,
      archive: z.strictObject({ batchSize: entriesPerRead, flushMs: milliseconds }),
      maxPendingEntries: positive,
    }),
  web: (mode: Environment) =>
    z.strictObject({
      ...common(mode),
      tls,
      http,
      public: z
        .strictObject({
          apiUrl: urlField(['http:', 'https:']).optional(),
          wsUrls: z.array(urlField(['ws:', 'wss:'])).optional(),
        })
        .prefault({}),
      apiPort: port,
      wsPorts: z.array(port).min(1, 'must list at least one port'),
      wsPath,
      demoAccounts: demoAccountsField(mode),
    }),
} as const satisfies Record<AppName, (mode: Environment) => z.ZodType>;

/** The validated, frozen config of one app. */
export type AppConfig<S extends AppName = AppName> = DeepReadonly<
  z.infer<ReturnType<(typeof schemas)[S]>>
> & {
  readonly app: S;
};

/** What every app's config has. */
export type CommonConfig = DeepReadonly<z.infer<z.ZodObject<ReturnType<typeof common>>>>;
