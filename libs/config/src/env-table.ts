import { type AppName, appNames } from './app-name.js';

/** How a variable's text becomes a value. Text that does not fit stays text, for the schema to refuse by name. */
export type EnvKind = 'text' | 'integer' | 'flag' | 'list' | 'lines' | 'integers';

/** One environment variable: where its value goes in each app's config, and what it means. */
export interface EnvVariable {
  readonly name: string;
  readonly kind: EnvKind;
  /** Config path by app; an app that is absent ignores the variable. Empty for those that only steer the loading. */
  readonly paths: Partial<Record<AppName, string>>;
  /** Another kind for one app, where the same name means one port there and a list here. */
  readonly kinds?: Partial<Record<AppName, EnvKind>>;
  readonly description: string;
  /** Its value may hold a password: never printed, not even in the documentation table, and a file may hold it. */
  readonly sensitive: boolean;
}

type Paths = EnvVariable['paths'];
type Extra = Partial<Pick<EnvVariable, 'kinds' | 'sensitive'>>;

const to = (path: string, ...apps: readonly AppName[]): Paths =>
  Object.fromEntries((apps.length > 0 ? apps : appNames).map((app) => [app, path]));
const variable = (
  name: string,
  kind: EnvKind,
  paths: Paths,
  description: string,
  extra: Extra = {},
): EnvVariable => ({ name: `PARLEY_${name}`, kind, paths, description, sensitive: false, ...extra });

const tokens = ['gateway-api', 'logic', 'connect-gateway'] as const;
const connect = (path: string) => to(path, 'connect-gateway');
const worker = (path: string) => to(path, 'task-worker');
const logic = (path: string) => to(path, 'logic');

/** Every variable Parley reads. A `PARLEY_` name that is not here is a typo, and is reported as one. */
export const envTable: readonly EnvVariable[] = [
  variable('ENV', 'text', {}, 'dev (default) or prod: which config file is read and which rules hold'),
  variable('ROOT', 'text', {}, 'folder that holds config/; found by walking up from the working directory'),
  variable('HOST', 'text', to('host'), 'address to listen on'),
  variable(
    'INSTANCE_ID',
    'text',
    to('instanceId'),
    'name of this process; made of app, host, pid and chance',
  ),
  variable('ADVERTISED_HOST', 'text', to('advertisedHost'), 'address others reach this process at'),
  variable(
    'LINK_DIR',
    'text',
    to('linkDir', ...tokens, 'task-worker'),
    "folder for sockets by which processes of one machine call each other, this user's alone; off: through Redis",
  ),
  variable('SUPERVISED', 'flag', to('supervised'), 'stop when the parent process goes away'),
  variable('LOG_LEVEL', 'text', to('log.level'), 'fatal, error, warn, info, debug, trace or silent'),
  variable('LOG_PRETTY', 'flag', to('log.pretty'), 'readable log lines instead of JSON'),
  variable('REDIS_URL', 'text', to('redis.url'), 'Redis to use', { sensitive: true }),
  variable(
    'REDIS_CA_FILE',
    'text',
    to('redis.caFile', ...tokens, 'task-worker'),
    'authorities that a rediss:// server is from, PEM',
  ),
  variable('REDIS_PREFIX', 'text', to('redis.prefix'), 'in front of every key and channel'),
  variable('SHARD_COUNT', 'integer', to('redis.shardCount'), 'room shards; fixed for the life of a Redis'),
  variable(
    'REGISTRY_LEASE_TTL_MS',
    'integer',
    to('registry.leaseTtlMs'),
    'an instance silent this long is gone',
  ),
  variable('REGISTRY_HEARTBEAT_INTERVAL_MS', 'integer', to('registry.heartbeatIntervalMs'), 'lease renewal'),
  variable(
    'DRAIN_WINDOW_MS',
    'integer',
    to('shutdown.drainWindowMs'),
    'time over which clients move elsewhere',
  ),
  variable(
    'METRICS_TOKEN',
    'text',
    to('metrics.token'),
    'who shows it may read /metrics; without it nobody in prod, this machine in dev',
    { sensitive: true },
  ),
  variable(
    'TRACE_URL',
    'text',
    to('trace.url'),
    'where traces go, OTLP over HTTP: http://collector:4318/v1/traces; without it there are none',
    { sensitive: true },
  ),
  variable('TRACE_ONE_IN', 'integer', to('trace.oneIn'), 'one request or frame in so many is traced (100)'),
  variable(
    'ADMIN_PORT',
    'integer',
    to('admin.port', 'logic', 'task-worker'),
    'health and metrics of apps without a public HTTP port',
  ),

  variable(
    'TLS_CERT_FILE',
    'text',
    to('tls.certFile', 'gateway-api', 'connect-gateway', 'web'),
    'certificate to show, PEM, with those behind it; taken anew when it changes',
  ),
  variable(
    'TLS_KEY_FILE',
    'text',
    to('tls.keyFile', 'gateway-api', 'connect-gateway', 'web'),
    'its private key, PEM',
  ),

  variable('JWT_SECRET', 'text', to('jwt.secret', ...tokens), 'signs tokens; at least 32 bytes in prod', {
    sensitive: true,
  }),
  variable(
    'JWT_OTHER_SECRETS',
    'lines',
    to('jwt.otherSecrets', ...tokens),
    'verify tokens and sign none, while a secret is replaced: one a line',
    { sensitive: true },
  ),
  variable('JWT_TTL_MS', 'integer', to('jwt.ttlMs', 'logic'), 'life of a token'),

  variable(
    'API_PORT',
    'integer',
    { 'gateway-api': 'http.port', web: 'apiPort' },
    'port of the HTTP API; the site derives its address from it',
  ),
  variable(
    'ORIGINS',
    'list',
    { 'gateway-api': 'cors.origins', 'connect-gateway': 'origins' },
    'browser origins that may call, comma separated; lan: this machine and its network; loopback (dev only)',
  ),
  variable(
    'TRUST_PROXY',
    'list',
    to('trustProxy', 'gateway-api', 'connect-gateway'),
    'proxies whose X-Forwarded-For counts: addresses and networks, comma separated',
  ),
  variable(
    'LOGIN_PER_MINUTE',
    'integer',
    to('rate.loginPerMinute', 'gateway-api'),
    'wrong passwords per address and name',
  ),
  variable(
    'REGISTRATIONS_PER_MINUTE',
    'integer',
    to('rate.registrationsPerMinute', 'gateway-api'),
    'registrations per address; ten minutes of them at once, and four addresses together',
  ),
  variable(
    'REQUESTS_PER_SECOND',
    'integer',
    to('rate.requestsPerSecond', 'gateway-api'),
    'requests of one user, and of one address without a token',
  ),

  variable(
    'WS_PORT',
    'integer',
    { 'connect-gateway': 'ws.port', web: 'wsPorts' },
    'WebSocket port; for the site one or more, comma separated',
    { kinds: { web: 'integers' } },
  ),
  variable(
    'WS_PATH',
    'text',
    { 'connect-gateway': 'ws.path', web: 'wsPath' },
    'WebSocket path; the site derives the address from it',
  ),
  variable('TCP_PORT', 'integer', connect('tcp.port'), 'port of the framed TCP protocol, or off'),
  variable(
    'UNAUTHENTICATED_IDLE_MS',
    'integer',
    connect('limits.unauthenticatedIdleMs'),
    'time to present a token',
  ),
  variable(
    'HEARTBEAT_INTERVAL_MS',
    'integer',
    connect('limits.heartbeatIntervalMs'),
    'pings to an idle connection',
  ),
  variable(
    'HEARTBEAT_TIMEOUT_MS',
    'integer',
    connect('limits.heartbeatTimeoutMs'),
    'silence that ends a connection',
  ),
  variable(
    'MAX_OUTBOUND_BYTES',
    'integer',
    connect('limits.maxOutboundBytes'),
    'held per connection before resync',
  ),
  variable(
    'POSITION_CHECK_MS',
    'integer',
    connect('limits.positionCheckMs'),
    'comparison with the room heads',
  ),
  variable(
    'HINTS',
    'flag',
    connect('hints'),
    'hear of messages as they are accepted; otherwise workers hand them over',
  ),
  variable('MAX_CONNECTIONS', 'integer', connect('limits.maxConnections'), 'connections of one instance'),
  variable(
    'CONNECTIONS_PER_USER',
    'integer',
    connect('limits.connectionsPerUser'),
    'connections of one user to one instance',
  ),
  variable(
    'CONNECTIONS_PER_ADDRESS',
    'integer',
    connect('limits.connectionsPerAddress'),
    'connections of one address to one instance, without a log-in',
  ),

  variable('DATABASE_URL', 'text', logic('database.url'), 'sqlite:<path> or postgres://…', {
    sensitive: true,
  }),
  variable(
    'DATABASE_CA_FILE',
    'text',
    logic('database.caFile'),
    'authorities that the Postgres server is from, PEM; it is asked for TLS then',
  ),
  variable('DATA_DIR', 'text', logic('dataDir'), 'folder of the embedded database'),
  variable(
    'DEMO_ACCOUNTS',
    'flag',
    to('demoAccounts', 'logic', 'web'),
    'create the demo accounts, and offer them on this machine (dev only)',
  ),
  variable(
    'FIRST_ADMIN_NAME',
    'text',
    logic('firstAdmin.name'),
    'name of the admin that an empty database begins with',
  ),
  variable(
    'FIRST_ADMIN_PASSWORD',
    'text',
    logic('firstAdmin.password'),
    'makes that admin at the first start; later it changes nothing',
    { sensitive: true },
  ),
  variable('ARGON2_MEMORY_KIB', 'integer', logic('argon2.memoryKib'), 'memory of one password hash'),
  variable('ARGON2_ITERATIONS', 'integer', logic('argon2.iterations'), 'passes of one password hash'),
  variable('ARGON2_PARALLELISM', 'integer', logic('argon2.parallelism'), 'lanes of one password hash'),
  variable(
    'SEND_BURST',
    'integer',
    { ...to('limits.sendBurst', 'logic', 'connect-gateway'), 'gateway-api': 'rate.sendBurst' },
    'messages one user may send at once',
  ),
  variable(
    'SENDS_PER_SECOND',
    'integer',
    { ...to('limits.sendsPerSecond', 'logic', 'connect-gateway'), 'gateway-api': 'rate.sendsPerSecond' },
    'messages one user may keep sending',
  ),
  variable('ACT_BURST', 'integer', logic('limits.actBurst'), 'acts on rooms that one user may do at once'),
  variable(
    'ACTS_PER_SECOND',
    'integer',
    logic('limits.actsPerSecond'),
    'acts on rooms that one user may keep doing',
  ),
  variable(
    'ORIGINALS_KEPT_MS',
    'integer',
    logic('limits.originalsKeptMs'),
    'how long a deleted text can be restored',
  ),
  variable('ROOM_CREATION', 'text', logic('roomCreation'), 'everyone or admins'),
  variable(
    'ROOMS_PER_USER',
    'integer',
    logic('limits.roomsPerUser'),
    'rooms one user may make; admins may make more',
  ),
  variable('ROOM_IDLE_MS', 'integer', logic('limits.roomIdleMs'), 'a room unused for so long leaves Redis'),
  variable('ROOMS_PER_MINUTE', 'integer', logic('limits.roomsPerMinute'), 'rooms one user may make a minute'),

  variable('DISPATCH_BATCH_SIZE', 'integer', worker('dispatch.batchSize'), 'stream entries per read'),
  variable('DISPATCH_BLOCK_MS', 'integer', worker('dispatch.blockMs'), 'longest wait of one read'),
  variable('SHARD_LEASE_TTL_MS', 'integer', worker('dispatch.shardLeaseTtlMs'), 'ownership of a shard'),
  variable('LANE_MAX_ENTRIES', 'integer', worker('dispatch.laneMaxEntries'), 'entries in memory per gateway'),
  variable(
    'DELIVER_DEADLINE_MS',
    'integer',
    worker('dispatch.deliverDeadlineMs'),
    'deadline of one delivery',
  ),
  variable('ARCHIVE_BATCH_SIZE', 'integer', worker('archive.batchSize'), 'stream entries per read, for SQL'),
  variable('ARCHIVE_FLUSH_MS', 'integer', worker('archive.flushMs'), 'longest wait for a fuller batch'),
  variable(
    'MAX_PENDING_ENTRIES',
    'integer',
    to('maxPendingEntries', 'logic', 'task-worker'),
    'entries of a stream at which sends are refused; at half of it the worker is unready',
  ),
  variable(
    'ACK_REPLICAS',
    'integer',
    logic('acks.replicas'),
    'replicas of Redis that must have a message before it is acknowledged',
  ),
  variable(
    'ACK_FSYNC',
    'flag',
    logic('acks.fsync'),
    'a message must also be on the disks of Redis and of those replicas (Redis 7.2)',
  ),

  variable('WEB_PORT', 'integer', to('http.port', 'web'), 'port of the site'),
  variable('PUBLIC_API_URL', 'text', to('public.apiUrl', 'web'), 'address browsers reach the API at'),
  variable('PUBLIC_WS_URLS', 'list', to('public.wsUrls', 'web'), 'WebSocket addresses, comma separated'),

  // Read by the tools; known here because the apps they start inherit it.
  variable('CHROMIUM', 'text', {}, 'browser that drives the end-to-end tests'),
  variable(
    'APP_NODE',
    'text',
    {},
    'Node.js that runs the apps of the end-to-end tests, where it is another one',
  ),
];

/**
 * The variable that names a file with the value of a secret one, as Docker and Kubernetes hand secrets over; undefined for
 * what is no secret.
 */
export function fileVariable({ name, sensitive }: EnvVariable): string | undefined {
  return sensitive ? `${name}_FILE` : undefined;
}

/** Every name that may be set, those of files among them. */
export const variableNames: readonly string[] = envTable.flatMap((variable) =>
  [variable.name, fileVariable(variable)].filter((name) => name !== undefined),
);
