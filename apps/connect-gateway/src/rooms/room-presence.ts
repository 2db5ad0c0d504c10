import type { Member, PresenceState, PresenceStore } from '@parley/redis';

/**
 * This instance's share of one room's members: which users have a connection here. Changes made while a report is under
 * way go into the next one, so that a thousand joins cost a few commands.
 */
export class RoomPresence {
  private readonly connections = new Map<number, { readonly member: Member; count: number }>();
  private readonly added = new Map<number, Member>();
  private readonly removed = new Set<number>();
  private reporting: Promise<PresenceState> | undefined;
  private next: Promise<PresenceState> | undefined;
  /** A report failed, or was answered with another number: what Redis has is unknown, so the next one names everybody. */
  private unsure = false;
  /** Reports sent. */
  private reports = 0;
  /** Users here after the last report. */
  private told = 0;

  constructor(
    private readonly roomId: number,
    private readonly instanceId: string,
    private readonly store: PresenceStore,
  ) {}

  /** Users with a connection here. */
  get users(): number {
    return this.connections.size;
  }

  /**
   * Stays the same for as long as Redis is told nothing; undefined while a report is under way, when what Redis lists is
   * anybody's guess.
   */
  get mark(): number | undefined {
    return this.reporting || this.next ? undefined : this.reports;
  }

  /** Whether `here` users are what Redis must list for this instance; to be asked between reports. */
  agrees(here: number): boolean {
    return !this.unsure && this.told === here;
  }

  /** Nobody is here, and Redis is known to list nobody: nothing is left to be said. */
  get isOver(): boolean {
    return this.users === 0 && this.mark !== undefined && this.agrees(0);
  }

  /** @returns Whether there is something to report: the user is new here, or has another name, as guests may. */
  enter(member: Member): boolean {
    const { userId } = member;
    const known = this.connections.get(userId);
    this.connections.set(userId, { member, count: (known?.count ?? 0) + 1 });
    if (known?.member.userName === member.userName) return false;
    this.removed.delete(userId);
    this.added.set(userId, member);
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
    const users = this.connections.size;
    const share = {
      complete,
      added: complete ? this.everybody() : [...this.added.values()],
      removed: [...this.removed],
    };
    this.added.clear();
    this.removed.clear();
    this.unsure = true;
    this.reports++;
    const state = await this.store.share(this.roomId, this.instanceId, share);
    this.told = users;
    // Nobody else changes this share, unless Redis lost it or this instance was taken for dead.
    this.unsure = state.here !== users;
    return state;
  }

  private everybody(): Member[] {
    return [...this.connections.values()].map(({ member }) => member);
  }
}
