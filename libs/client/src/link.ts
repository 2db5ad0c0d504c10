import { CloseCode, mayReconnect, Op } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import type { ConnectionState } from './client-events.js';
import { Heartbeat } from './heartbeat.js';
import type { Transport, TransportConnection } from './transport.js';

/** An attempt that takes longer, token included, has failed. Chosen by judgement. */
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * A connection that lived this long forgives the failures before it. Sooner, and a server that accepts and
 * drops would be met with the shortest wait for ever.
 */
const STABLE_AFTER_MS = 10_000;
/** Who asks whether a connection still lives waits no longer for the answer; nor for an attempt that began before. Chosen by judgement. */
const PROBE_TIMEOUT_MS = 3_000;
/** No server asks for more; keeps a wrong number from parking the client (and below the 2^31 of timers). */
const MAX_GOAWAY_MS = 300_000;

/** What the link needs and whom it tells. */
export interface LinkPorts {
  readonly transport: Transport;
  readonly getToken: () => string | Promise<string>;
  readonly backoff: Backoff;
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly now: () => number;
  /** Whether there is anything to be connected for: a server closes a connection that never presents a token. */
  hasWork(): boolean;
  /** The socket is open; the first frame must carry the token. */
  online(token: string): void;
  text(text: string): void;
  /** The connection of the last `online` is gone. */
  offline(): void;
  state(state: ConnectionState, retryInMs?: number): void;
  tokenFailed(error: unknown): void;
  /** Terminal. */
  ended(code: number, reason: string): void;
}

interface Attempt {
  readonly startedAtMs: number;
  connection?: TransportConnection;
  closed: Promise<void>;
}

/** One connection at a time to some gateway, made again until told to stop. Knows frames only as text. */
export class Link {
  readonly #ports: LinkPorts;
  readonly #heartbeat: Heartbeat;
  #state: ConnectionState = 'idle';
  #started = false;
  /** The attempt whose events count; those of earlier ones are ignored. */
  #attempt: Attempt | undefined;
  #failures = 0;
  #hadConnection = false;
  /** When to be gone from this server, by its `goaway`. */
  #goawayAtMs: number | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #stableTimer: ReturnType<typeof setTimeout> | undefined;
  #goawayTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: LinkPorts) {
    this.#ports = ports;
    this.#heartbeat = new Heartbeat({
      ...ports.heartbeat,
      now: ports.now,
      ping: () => this.send(JSON.stringify({ op: Op.ping })),
      lost: () => this.#lost(CloseCode.heartbeatTimeout, 'silent'),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Call when work has come up. */
  wake(): void {
    if (this.#started && this.#state === 'idle' && this.#ports.hasWork()) void this.#open();
  }

  /** Something may have changed: finds out at once whether the connection lives, and ends a wait for the next attempt. */
  probe(): void {
    if (this.#state === 'online') return this.#heartbeat.probe(PROBE_TIMEOUT_MS);
    const attempt = this.#attempt;
    const isStuck = attempt && this.#ports.now() - attempt.startedAtMs >= PROBE_TIMEOUT_MS;
    if (this.#retryTimer === undefined && !isStuck) return;
    this.#drop();
    void this.#open();
  }

  /** An answer is overdue: finds out whether the connection lives, unless something has come within `silentMs`. */
  doubt(silentMs: number): void {
    if (this.#state === 'online') this.#heartbeat.doubt(silentMs);
  }

  /** Sends one frame; ignored unless online. */
  send(text: string): void {
    if (this.#state === 'online') this.#attempt?.connection?.send(text);
  }

  bufferedBytes(): number {
    return this.#attempt?.connection?.bufferedBytes() ?? 0;
  }

  /** The server leaves: go on here, and connect anew after its delay, which takes the place of the back-off. */
  goaway(reconnectAfterMs: number): void {
    const delayMs = Math.min(Math.max(0, reconnectAfterMs), MAX_GOAWAY_MS);
    this.#goawayAtMs = this.#ports.now() + delayMs;
    clearTimeout(this.#goawayTimer);
    this.#goawayTimer = setTimeout(() => this.#lost(CloseCode.goingAway, 'goaway'), delayMs);
  }

  /** Ends for good; `ended` is told once. @returns When the socket is closed. */
  async close(): Promise<void> {
    // Without a socket there is nothing to wait for but the token.
    const closed = this.#attempt?.connection && this.#attempt.closed;
    this.#end(1000, '');
    await closed;
  }

  async #open(): Promise<void> {
    this.#goawayAtMs = undefined;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    let reportClosed!: () => void;
    const attempt: Attempt = {
      startedAtMs: this.#ports.now(),
      closed: new Promise((resolve) => (reportClosed = resolve)),
    };
    this.#attempt = attempt;
    this.#setState(this.#hadConnection || this.#failures > 0 ? 'reconnecting' : 'connecting');
    if (this.#attempt !== attempt) return reportClosed();
    this.#connectTimer = setTimeout(() => this.#lost(1006, 'connect timeout'), CONNECT_TIMEOUT_MS);
    let token: string;
    try {
      token = await this.#ports.getToken();
    } catch (error) {
      reportClosed();
      if (this.#attempt !== attempt) return;
      this.#ports.tokenFailed(error);
      if (this.#attempt === attempt) this.#lost(1006, 'no token');
      return;
    }
    if (this.#attempt !== attempt) return reportClosed();
    attempt.connection = this.#ports.transport.open({
      onOpen: () => {
        if (this.#attempt === attempt) this.#opened(token);
      },
      onText: (text) => {
        if (this.#attempt !== attempt) return;
        this.#heartbeat.heard();
        this.#ports.text(text);
      },
      onClose: (code, reason) => {
        reportClosed();
        if (this.#attempt === attempt) this.#lost(code, reason);
      },
    });
  }

  #opened(token: string): void {
    clearTimeout(this.#connectTimer);
    this.#hadConnection = true;
    this.#stableTimer = setTimeout(() => (this.#failures = 0), STABLE_AFTER_MS);
    this.#heartbeat.start();
    this.#setState('online');
    this.#ports.online(token);
  }

  #lost(code: number, reason: string): void {
    const wasOnline = this.#state === 'online';
    this.#drop();
    if (!mayReconnect(code)) return this.#end(code, reason);
    // Not 'online' any more before anybody is told: nothing may be sent from within.
    this.#state = 'reconnecting';
    if (wasOnline) this.#ports.offline();
    if (!this.#ports.hasWork()) return this.#setState('idle');
    const delayMs =
      this.#goawayAtMs === undefined
        ? this.#ports.backoff(this.#failures++)
        : Math.max(0, this.#goawayAtMs - this.#ports.now());
    this.#retryTimer = setTimeout(() => void this.#open(), delayMs);
    this.#setState('reconnecting', delayMs);
  }

  #end(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#drop();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#setState('closed');
    this.#ports.ended(code, reason);
  }

  /** Lets go of the connection and of every timer that belongs to it. */
  #drop(): void {
    const connection = this.#attempt?.connection;
    this.#attempt = undefined;
    this.#heartbeat.stop();
    for (const timer of [this.#connectTimer, this.#stableTimer, this.#goawayTimer]) clearTimeout(timer);
    connection?.close();
  }

  #setState(state: ConnectionState, retryInMs?: number): void {
    this.#state = state;
    this.#ports.state(state, retryInMs);
  }
}
