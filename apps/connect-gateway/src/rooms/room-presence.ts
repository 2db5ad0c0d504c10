import type { Member, PresenceState, PresenceStore } from '@parley/redis';

/**
 * This instance's share of one room's members: which users have a connection here. Changes made while a report is under
 * way go into the next one, so that a thousand joins cost a few commands.
 */
export class RoomPresence {
  private readonly connections = new Map<number, { userName: string; count: number }>();
  private readonly added = new Map<number, string>();
  private readonly removed = new Set<number>();
  private reporting: Promise<PresenceState> | undefined;
  private next: Promise<PresenceState> | undefined;
  /** A report failed: what Redis has is unknown, so the next one names everybody. */
  private unsure = false;

  constructor(
    private readonly roomId: number,
    private readonly instanceId: string,
    private readonly store: PresenceStore,
  ) {}

  /** Users with a connection here. */
  get users(): number {
    return this.connections.size;
  }

  /** @returns Whether the user is new here. */
  enter({ userId, userName }: Member): boolean {
    const known = this.connections.get(userId);
    this.connections.set(userId, { userName, count: (known?.count ?? 0) + 1 });
    if (known) return false;
    this.removed.delete(userId);
    this.added.set(userId, userName);
    return true;
  }

  /** @returns Whether that was the user's last connection here. */
  exit(userId: number): boolean {
    const known = this.connections.get(userId);
    if (!known) return false;
    if (--known.count > 0) return false;
    this.connections.delete(userId);
    this.added.delete(userId);
    this.removed.add(userId);
    return true;
  }

  /** Reports what has changed up to now; resolves when Redis has it, with the room's state after that. */
  report(): Promise<PresenceState> {
    if (!this.reporting) return (this.reporting = this.send().finally(() => (this.reporting = undefined)));
    // One report covers all changes made until it is sent.
    return (this.next ??= this.reporting
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.report();
      }));
  }

  /** Names everybody again: Redis says something else, or has lost its data. */
  repair(): Promise<PresenceState> {
    this.unsure = true;
    return this.report();
  }

  private async send(): Promise<PresenceState> {
    // Lets the joins of one turn share a command.
    await new Promise((resolve) => setImmediate(resolve));
    const complete = this.unsure;
    const members = (entries: Iterable<[number, string]>) =>
      [...entries].map(([userId, userName]) => ({ userId, userName }));
    const everybody = [...this.connections].map(([userId, { userName }]) => ({ userId, userName }));
    const share = { complete, added: complete ? everybody : members(this.added), removed: [...this.removed] };
    this.added.clear();
    this.removed.clear();
    this.unsure = true;
    const state = await this.store.share(this.roomId, this.instanceId, share, Date.now());
    this.unsure = false;
    return state;
  }
}
