import type { Redis } from 'ioredis';
import { judgeServer } from './primary.js';

/** How often each connection is asked whether its server is the right one, milliseconds. */
const ASK_INTERVAL_MS = 1_000;
/** A server from which nothing at all comes for this long after a question is left, milliseconds. Longer than a command may take. */
const SILENT_MS = 6_000;
/**
 * A connection that is younger stays, even when another was led elsewhere, milliseconds: an address that leads to several
 * servers in turn must not keep everybody reconnecting.
 */
const STRAY_AFTER_MS = 3_000;
/** A primary that is cut off from its replicas is left at most this often, milliseconds. */
const CUT_OFF_PAUSE_MS = 5_000;

/** What is asked of a connection: its server's role, or, where nothing else may be said, a sign of life. */
export type Question = 'role' | 'ping' | 'none';

interface Watched {
  readonly role: string;
  readonly question: Question;
  /** The server's run id; undefined until it has said it. */
  server: string | undefined;
  /** Of `performance.now()`: since when it is connected there. */
  since: number;
  /** A question without an answer. */
  asked: { readonly at: number; readonly bytesRead: number } | undefined;
}

/**
 * Sees to it that all connections of a process are on the server that its address leads to now, and that this is a
 * primary. Redis does not end a connection when it becomes a replica, subscribers are not even refused anything, and a
 * machine that loses its power says nothing at all: so connections are asked, and left. ioredis then connects anew.
 */
export class ServerWatch {
  private readonly watched = new Map<Redis, Watched>();
  private timer: NodeJS.Timeout | undefined;
  /** Where the last connection was led. */
  private newest: string | undefined;
  private cutOffAt = -Infinity;
  private why: string | undefined;

  constructor(
    private readonly onLeft: (error: Error, role: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Why the server that the address leads to is not used; undefined when it is, or cannot be reached. */
  get outOfUse(): string | undefined {
    return this.why;
  }

  /** Watches a new connection until it ends. */
  add(redis: Redis, role: string, question: Question): void {
    this.watched.set(redis, { role, question, server: undefined, since: 0, asked: undefined });
    redis.once('end', () => this.watched.delete(redis));
    this.timer ??= setInterval(() => this.ask(), ASK_INTERVAL_MS).unref();
    // ioredis asks its connector whether a server will do once it has its INFO; by itself it takes any.
    const { connector } = redis as unknown as { connector: { check(info: ServerInfo): boolean } };
    const check = connector.check.bind(connector);
    connector.check = (info) => check(info) && this.admit(redis, info);
  }

  /**
   * Looks at a refused command: does it say that the server is not the primary?
   *
   * @returns Whether this connection is to be left, too; the others have been.
   */
  judge(redis: Redis, error: Error): boolean {
    const verdict = judgeServer(error.message);
    if (verdict === undefined) return false;
    if (verdict === 'cut-off') {
      if (this.now() - this.cutOffAt < CUT_OFF_PAUSE_MS) return false;
      this.cutOffAt = this.now();
    }
    const { server } = this.watched.get(redis) ?? {};
    const reason = verdict === 'cut-off' ? 'primary without its replicas' : 'read-only replica';
    for (const [other, { server: there }] of this.watched)
      if (other !== redis && there === server) this.leave(other, reason);
    return true;
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.watched.clear();
  }

  private admit(redis: Redis, info: ServerInfo): boolean {
    const watched = this.watched.get(redis);
    if (!watched) return true;
    if (info['role'] === 'slave') {
      this.why = 'read-only replica';
      this.onLeft(new Error('the address leads to a read-only replica'), watched.role);
      return false;
    }
    this.why = undefined;
    watched.server = info['run_id'];
    watched.since = this.now();
    watched.asked = undefined;
    if (watched.server !== undefined) this.newest = watched.server;
    return true;
  }

  private ask(): void {
    const now = this.now();
    for (const [redis, watched] of this.watched) {
      if (redis.status !== 'ready') continue;
      const strayed = watched.server !== this.newest && now - watched.since > STRAY_AFTER_MS;
      if (watched.server !== undefined && strayed) this.leave(redis, 'no longer the server of this address');
      else if (watched.question !== 'none') this.question(redis, watched, now);
    }
  }

  private question(redis: Redis, watched: Watched, now: number): void {
    const { bytesRead } = redis.stream;
    if (watched.asked) {
      if (watched.asked.bytesRead !== bytesRead) watched.asked = { at: now, bytesRead };
      else if (now - watched.asked.at > SILENT_MS) this.leave(redis, 'silent');
      return;
    }
    watched.asked = { at: now, bytesRead };
    const answered = (role?: unknown) => {
      watched.asked = undefined;
      if (role !== 'slave') return;
      this.judge(redis, new Error('READONLY role'));
      this.leave(redis, 'read-only replica');
    };
    const answer = watched.question === 'role' ? redis.role() : redis.ping();
    answer.then(
      (reply: unknown) => answered(Array.isArray(reply) ? reply[0] : undefined),
      // Without an answer in time it stays asked; a refusal is an answer, and not every server lets everybody ask.
      (error: Error) => void (error.message.includes('timed out') || answered()),
    );
  }

  private leave(redis: Redis, reason: string): void {
    if (redis.status !== 'ready') return;
    const watched = this.watched.get(redis);
    if (!watched) return;
    watched.asked = undefined;
    watched.server = undefined;
    this.onLeft(new Error(`left its server: ${reason}`), watched.role);
    redis.disconnect(true);
  }
}

type ServerInfo = Readonly<Record<string, string>>;
