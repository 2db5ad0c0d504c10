import { tlsProblem } from '@parley/config';
import type { Redis, RedisOptions } from 'ioredis';
import { CorkedRedis } from './corked-redis.js';
import { scriptCommands } from './run-script.js';
import { ServerWatch, type Question } from './server-watch.js';

/** Longest pause between two attempts to reach Redis, milliseconds. */
const MAX_RETRY_DELAY_MS = 1_000;
/** A command that Redis has not answered by then is given up, milliseconds. Blocking reads have their own. */
const COMMAND_TIMEOUT_MS = 5_000;
/** Who waits so long for a first answer says that he does, milliseconds. */
const SAY_WAITING_AFTER_MS = 1_000;

/** A connection whose scripts are defined; run them with {@link runScript}. */
export type RedisConnection = Redis;

/** Receives connection errors; they are never thrown, because ioredis reconnects by itself. */
export type RedisErrorListener = (error: Error, role: string) => void;

/**
 * Makes the connections of one process. Each role has its own: a blocked or subscribed connection serves nobody else.
 *
 * All reconnect for ever with growing delays. Pending commands wait through an outage, at most for the command timeout.
 * A server that is a replica is not used, and one that becomes a replica is left ({@link ServerWatch}); what it refused
 * is sent again.
 */
export class RedisConnections {
  private readonly open = new Set<Redis>();
  private mainConnection: Redis | undefined;
  private readonly watch: ServerWatch;

  constructor(
    /** `redis://[user:password@]host[:port][/db]` or `rediss://…`. */
    private readonly url: string,
    private readonly onError: RedisErrorListener = () => undefined,
    /** Told how long ordinary commands take, of some of them; seconds. */
    private readonly onAnswered?: (seconds: number) => void,
    /** Authorities that the certificate of a `rediss://` server may be from, PEM. @defaultValue the system's */
    private readonly authorities?: readonly string[],
  ) {
    this.watch = new ServerWatch((error, role) => this.onError(error, role));
  }

  /** Why the server that the URL leads to is not used, as `read-only replica`; undefined when it is, or is not reached. */
  get outOfUse(): string | undefined {
    return this.watch.outOfUse;
  }

  /** The shared connection for ordinary commands and scripts. */
  get main(): RedisConnection {
    if (this.mainConnection) return this.mainConnection;
    const main = this.create('main', {
      question: 'role',
      resendRefused: true,
      commandTimeout: COMMAND_TIMEOUT_MS,
    });
    main.onAnswered = this.onAnswered;
    return (this.mainConnection = main);
  }

  /**
   * Resolves once a server answers that may be used, however long that takes: commands would be given up meanwhile.
   *
   * @param onWaiting - Called when it takes a while; why is told to the error listener.
   * @throws When the connections are closed before, or TLS stands in the way: waiting would not mend that.
   */
  async reached(onWaiting: () => void = () => undefined): Promise<void> {
    const { main } = this;
    if (main.status === 'ready') return;
    const timer = setTimeout(onWaiting, SAY_WAITING_AFTER_MS);
    let onError: (error: Error) => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        main.once('ready', resolve);
        main.once('end', () => reject(new Error('Connection is closed.')));
        onError = (error) => {
          const why = tlsProblem(error);
          if (why !== undefined) reject(new Error(`Redis is refused: ${why}`, { cause: error }));
        };
        main.on('error', onError);
      });
    } finally {
      clearTimeout(timer);
      main.off('error', onError);
    }
  }

  /**
   * A connection for blocking reads. It does not resend a read that a lost connection left unanswered:
   * entries already handed out would stay pending while the resent read skips past them.
   */
  createBlocking(role: string): RedisConnection {
    return this.create(role, {
      question: 'none',
      resendRefused: false,
      autoResendUnfulfilledCommands: false,
    });
  }

  /** A connection for rounds of commands that belong together: what it lost, or was refused, is not sent again. */
  createLane(role: string, commandTimeoutMs: number): RedisConnection {
    return this.create(role, {
      question: 'role',
      resendRefused: false,
      autoResendUnfulfilledCommands: false,
      commandTimeout: commandTimeoutMs,
    });
  }

  /**
   * A connection for subscriptions. It does not resubscribe by itself: its owner does, and then treats what lies
   * between as a gap.
   */
  createSubscriber(role: string): RedisConnection {
    return this.create(role, { question: 'ping', resendRefused: false, autoResubscribe: false });
  }

  /** Options for code that makes its own ioredis client, as Nest's Redis transport does. */
  static optionsFor(url: string, role: string, authorities?: readonly string[]): RedisOptions {
    const { hostname, port, username, password, pathname, protocol } = new URL(url);
    const db = Number(pathname.slice(1));
    return {
      host: hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
      port: Number(port || 6379),
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(db > 0 && { db }),
      ...(protocol === 'rediss:' && { tls: { ...(authorities && { ca: [...authorities] }) } }),
      connectionName: `parley-${role}`,
      maxRetriesPerRequest: null,
      keepAlive: 10_000,
      connectTimeout: 5_000,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 8), MAX_RETRY_DELAY_MS),
    };
  }

  /** Closes every connection made here; pending commands are rejected. */
  close(): void {
    this.watch.stop();
    for (const redis of this.open) redis.disconnect();
    this.open.clear();
    this.mainConnection = undefined;
  }

  /** A server that speaks TLS ends a connection that does not, without a word; and so ends ioredis's. */
  private noticeClosedDoors(redis: Redis, role: string): void {
    let isGreeted = true;
    redis.on('connect', () => (isGreeted = false));
    redis.on('ready', () => (isGreeted = true));
    redis.on('close', () => {
      if (!isGreeted && this.outOfUse === undefined)
        this.onError(new Error('closed before it answered: where it speaks TLS, its URL is rediss://'), role);
      isGreeted = true;
    });
  }

  private create(role: string, { question, resendRefused, ...options }: ConnectionOptions): CorkedRedis {
    const redis: CorkedRedis = new CorkedRedis({
      ...RedisConnections.optionsFor(this.url, role, this.authorities),
      scripts: scriptCommands,
      // 2: connect anew and send it again; a server that refuses has not done any of it. 1: without sending it again.
      reconnectOnError: (error) => this.watch.judge(redis, error) && (resendRefused ? 2 : 1),
      ...options,
    });
    this.watch.add(redis, role, question);
    redis.on('error', (error: NodeJS.ErrnoException) => {
      // Plain Redis waits for the end of a line that no handshake has.
      const isSilent = error.code === 'ETIMEDOUT' && this.url.startsWith('rediss:');
      const hint = 'no handshake in time: where it speaks plain Redis, its URL is redis://';
      this.onError(isSilent ? new Error(hint, { cause: error }) : error, role);
    });
    if (this.url.startsWith('redis:')) this.noticeClosedDoors(redis, role);
    this.open.add(redis);
    redis.once('end', () => this.open.delete(redis));
    return redis;
  }
}

interface ConnectionOptions extends RedisOptions {
  readonly question: Question;
  /** Whether a command that a replica refused is sent again to its primary. */
  readonly resendRefused: boolean;
}
