import { z } from 'zod';
import type { DatabaseLifeStore } from './database-life-store.js';
import type { EventBus } from './event-bus.js';

const eventSchema = z.object({ life: z.string() });

/**
 * This process's copy of the name of the database that Redis belongs to: read at every (re)subscribe, kept fresh by hints.
 * Asking it costs no round trip.
 */
export class DatabaseLife {
  private known: { readonly life: string; readonly unnamedTokens: boolean } | undefined;
  private readonly listeners: ((life: string) => void)[] = [];

  constructor(
    private readonly store: DatabaseLifeStore,
    private readonly events: EventBus,
    private readonly onError: (error: unknown) => void = () => undefined,
  ) {}

  /** Subscribes and reads the name; call once at start-up. */
  async start(): Promise<void> {
    await this.events.subscribe(
      'database',
      eventSchema,
      () => void this.reload().catch(this.onError),
      () => this.reload(),
    );
  }

  /** Names the database's unbroken life; undefined until `logic` has said so for the first time. */
  get current(): string | undefined {
    return this.known?.life;
  }

  /**
   * Whether a token is of this database.
   *
   * @param life - The one it names; undefined for a token from before databases had names.
   */
  accepts(life: string | undefined): boolean {
    if (!this.known) return true;
    return life === undefined ? this.known.unnamedTokens : life === this.known.life;
  }

  /** Calls `listener` each time Redis belongs to another database than before. */
  onChanged(listener: (life: string) => void): void {
    this.listeners.push(listener);
  }

  /** Tells every process that it has changed, this one first. */
  async announce(): Promise<void> {
    await this.reload();
    await this.events.publish('database', { life: this.current ?? '' });
  }

  async reload(): Promise<void> {
    const { life, unnamedTokens } = await this.store.read();
    // Redis may have lost its data: what this process knows stays.
    if (life === '') return;
    const before = this.known;
    this.known = { life, unnamedTokens };
    // Also the first time: what came before was accepted unseen.
    if (before?.life !== life) for (const listener of this.listeners) listener(life);
  }
}
