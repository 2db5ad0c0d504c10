import { z } from 'zod';
import type { EventBus } from './event-bus.js';
import type { SessionStore } from './session-store.js';

const eventSchema = z.object({ sessionId: z.string(), expiresAt: z.number() });

/** Sessions that are kept without looking whether they have expired. */
const MIN_SWEEP = 1_000;

/**
 * This process's copy of the revoked sessions: read whole at every (re)subscribe, kept fresh by hints.
 * Asking it costs no round trip.
 */
export class RevocationList {
  private sessions = new Map<string, number>();
  private sweepAt = MIN_SWEEP;
  private readonly listeners: ((sessionId: string) => void)[] = [];

  constructor(
    private readonly store: SessionStore,
    private readonly events: EventBus,
    private readonly now: () => number = Date.now,
  ) {}

  /** Subscribes and reads the list; call once at start-up. */
  async start(): Promise<void> {
    await this.events.subscribe(
      'revoked',
      eventSchema,
      ({ sessionId, expiresAt }) => this.add(sessionId, expiresAt),
      () => this.reload(),
    );
  }

  /** Revokes a session and tells everyone. */
  async revoke(sessionId: string, expiresAtMs: number): Promise<void> {
    await this.store.revoke(sessionId, expiresAtMs, this.now());
    this.add(sessionId, expiresAtMs);
    await this.events.publish('revoked', { sessionId, expiresAt: expiresAtMs });
  }

  /** Sessions in memory. */
  get size(): number {
    return this.sessions.size;
  }

  isRevoked(sessionId: string): boolean {
    return this.sessions.has(sessionId);
  }

  /** Calls `listener` once for each session that becomes revoked from now on. */
  onRevoked(listener: (sessionId: string) => void): void {
    this.listeners.push(listener);
  }

  private async reload(): Promise<void> {
    const now = this.now();
    const fresh = await this.store.revoked(now);
    // Redis may have lost its data: what this process knows and is not yet expired stays revoked.
    for (const [sessionId, expiresAt] of this.sessions)
      if (expiresAt > now && !fresh.has(sessionId)) fresh.set(sessionId, expiresAt);
    const known = this.sessions;
    this.sessions = fresh;
    this.sweepAt = Math.max(MIN_SWEEP, 2 * fresh.size);
    for (const sessionId of fresh.keys()) if (!known.has(sessionId)) this.notify(sessionId);
  }

  private add(sessionId: string, expiresAt: number): void {
    if (this.sessions.has(sessionId)) return;
    if (this.sessions.size >= this.sweepAt) this.forgetExpired();
    this.sessions.set(sessionId, expiresAt);
    this.notify(sessionId);
  }

  /** Tokens of these are refused for their age. Done when the list has doubled, so that it costs little per log-out. */
  private forgetExpired(): void {
    const now = this.now();
    for (const [sessionId, expiresAt] of this.sessions) if (expiresAt <= now) this.sessions.delete(sessionId);
    this.sweepAt = Math.max(MIN_SWEEP, 2 * this.sessions.size);
  }

  private notify(sessionId: string): void {
    for (const listener of this.listeners) listener(sessionId);
  }
}
