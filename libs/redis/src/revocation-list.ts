import { z } from 'zod';
import type { EventBus } from './event-bus.js';
import type { SessionStore } from './session-store.js';

const eventSchema = z.object({ sessionId: z.string(), expiresAt: z.number() });

/**
 * This process's copy of the revoked sessions: read whole at every (re)subscribe, kept fresh by hints.
 * Asking it costs no round trip.
 */
export class RevocationList {
  private sessions = new Map<string, number>();
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
  async revoke(sessionId: string, userId: number, expiresAtMs: number): Promise<void> {
    await this.store.revoke(sessionId, userId, expiresAtMs);
    this.add(sessionId, expiresAtMs);
    await this.events.publish('revoked', { sessionId, expiresAt: expiresAtMs });
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
    for (const sessionId of fresh.keys()) if (!known.has(sessionId)) this.notify(sessionId);
  }

  private add(sessionId: string, expiresAt: number): void {
    if (this.sessions.has(sessionId)) return;
    this.sessions.set(sessionId, expiresAt);
    this.notify(sessionId);
  }

  private notify(sessionId: string): void {
    for (const listener of this.listeners) listener(sessionId);
  }
}
