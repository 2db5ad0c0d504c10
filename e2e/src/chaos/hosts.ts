import type { ActInput } from '@parley/protocol';
import { setTimeout as pause } from 'node:timers/promises';
import type { Person } from './person.js';
import { pick } from './random.js';

/** From one act of a host to his next, milliseconds on average: below what one user may do in the long run. */
const ACT_EVERY_MS = 900;
/** People in a room who are muted or banned at a time: the others go on talking. */
const MOST_RESTRICTED = 2;
/** Longer than any run: what lifts it is an act. */
const TIMEOUT_SECONDS = 86_400;
const DELETED_SECONDS = 5;

export interface HostsOptions {
  readonly roomIds: readonly number[];
  /** Users whom they act on. */
  readonly victims: readonly number[];
  /** Somebody who looks at what they have done. */
  readonly watchers: readonly Person[];
  readonly random: () => number;
}

/** Owners and moderators who are at work all the time: every kind of act, in every room. */
export class Hosts {
  private isWorking = false;
  private work: Promise<unknown> = Promise.resolve();
  /** Who may be muted or banned in a room, `<room> <user>`: from before it is asked for until the lifting was acked. */
  private readonly muted = new Set<string>();
  private readonly banned = new Set<string>();
  /** Of these, those that something is being asked about: what another host asked besides might come before it, or behind. */
  private readonly asking = new Set<string>();
  /** Messages that were deleted, to be restored. */
  private readonly deleted: { roomId: number; seq: number }[] = [];
  /** What has to follow soon, so that there is talk: a room is opened again. */
  private readonly due: { roomId: number; act: ActInput }[] = [];

  constructor(
    private readonly people: readonly Person[],
    private readonly options: HostsOptions,
  ) {}

  start(): void {
    this.isWorking = true;
    this.work = Promise.all(this.people.map((host) => this.goOn(host)));
  }

  /** Stops, and waits for every act's outcome. */
  async stop(): Promise<void> {
    this.isWorking = false;
    await this.work;
  }

  /** Lets everybody speak in every room. For when they have stopped. */
  async makePeace(): Promise<void> {
    const { roomIds } = this.options;
    await Promise.all(
      roomIds.map(async (roomId, i) => {
        const host = this.people[i % this.people.length] as Person;
        const open = async () => {
          if (host.client.roomState(roomId)?.panic) await host.act(roomId, { act: 'calm', restore: true });
          await host.act(roomId, { act: 'settings', mode: 'everyone' });
        };
        const lift = (restricted: ReadonlySet<string>, act: 'unban' | 'untimeout') =>
          this.usersIn(restricted, roomId).map((userId) => this.lift(host, roomId, userId, act));
        await Promise.all([open(), ...lift(this.banned, 'unban'), ...lift(this.muted, 'untimeout')]);
      }),
    );
    this.due.length = 0;
  }

  /**
   * Leaves each room in a state of its own, for everybody to know in the end.
   *
   * @returns By room: the seq of the last act.
   */
  async leaveTraces(): Promise<ReadonlyMap<number, number>> {
    const [owner] = this.people as [Person];
    const last = new Map<number, number>();
    for (const [i, roomId] of this.options.roomIds.entries()) {
      const userId = pick(this.options.victims, this.options.random);
      for (const { seq } of owner.client.roomState(roomId)?.pins ?? [])
        await owner.act(roomId, { act: 'unpin', seq });
      const seq = owner.seen(roomId).at(-1)?.seq;
      if (seq !== undefined) await owner.act(roomId, { act: 'pin', seq });
      await owner.act(roomId, { act: 'timeout', userId, seconds: TIMEOUT_SECONDS });
      const mode = (['everyone', 'speakers', 'hosts', 'closed'] as const)[i % 4] ?? 'everyone';
      const lastSeq = await owner.act(roomId, { act: 'settings', mode, slowModeWaitTime: i + 1 });
      if (lastSeq === undefined) throw new Error(`room ${roomId} could not be left as it was to be`);
      last.set(roomId, lastSeq);
    }
    return last;
  }

  private async goOn(host: Person): Promise<void> {
    const { random } = this.options;
    while (this.isWorking) {
      await pause(ACT_EVERY_MS * (0.5 + random()));
      if (this.isWorking) await this.actOnce(host);
    }
  }

  private async actOnce(host: Person): Promise<void> {
    const { roomIds, watchers, random } = this.options;
    const due = this.due.shift();
    const roomId = due?.roomId ?? pick(roomIds, random);
    const act = due?.act ?? this.idea(host, roomId);
    if (!act) return;
    const restricted = isRestriction(act) ? `${roomId} ${act.userId}` : undefined;
    if (restricted !== undefined) this.asking.add(restricted);
    const seq = await host.act(roomId, act);
    if (restricted !== undefined) this.asking.delete(restricted);
    if (seq === undefined) return;
    if (act.act === 'untimeout') this.muted.delete(`${roomId} ${act.userId}`);
    if (act.act === 'unban') this.banned.delete(`${roomId} ${act.userId}`);
    if ((act.act === 'delete' || act.act === 'restore') && act.seq !== undefined) {
      if (act.act === 'delete') this.deleted.push({ roomId, seq: act.seq });
      await pick(watchers, random).look(roomId, act.seq, random() < 0.5 ? 'socket' : 'http');
    }
  }

  /** What a host may do next in a room; undefined when there is nothing to do it to. */
  private idea(host: Person, roomId: number): ActInput | undefined {
    const { random, victims } = this.options;
    const draw = random();
    const userId = pick(victims, random);
    const theirs = host.seen(roomId).filter(({ senderId }) => victims.includes(senderId));
    const message = theirs[Math.floor(random() * theirs.length)];
    if (draw < 0.3) return message && { act: 'delete', seq: message.seq, reason: 'chaos' };
    if (draw < 0.35) return { act: 'delete', userId, lastSeconds: DELETED_SECONDS };
    if (draw < 0.4) return message && { act: 'delete', from: message.seq, to: message.seq + 3 };
    if (draw < 0.5) return this.restoring(roomId);
    if (draw < 0.65) return this.restricting(this.muted, roomId, userId);
    if (draw < 0.78) return this.restricting(this.banned, roomId, userId);
    if (draw < 0.83) return message && { act: 'pin', seq: message.seq };
    if (draw < 0.86) return this.unpinning(host, roomId);
    if (draw < 0.89) return { act: 'kick', userId };
    if (draw < 0.91) return { act: 'announce', msg: 'order, please' };
    const calm: ActInput = { act: 'calm', restore: random() < 0.5 };
    this.due.push({ roomId, act: draw < 0.95 ? { act: 'settings', mode: 'everyone' } : calm });
    if (draw < 0.95) return { act: 'settings', mode: pick(['closed', 'hosts', 'speakers'], random) };
    return { act: 'panic', hideLastSeconds: DELETED_SECONDS };
  }

  private restoring(roomId: number): ActInput | undefined {
    const i = this.deleted.findIndex((one) => one.roomId === roomId);
    const [one] = i < 0 ? [] : this.deleted.splice(i, 1);
    return one && { act: 'restore', seq: one.seq };
  }

  /** One more, or one of those less; undefined when another host is at that. */
  private restricting(restricted: Set<string>, roomId: number, userId: number): ActInput | undefined {
    const [isBan, there] = [restricted === this.banned, this.usersIn(restricted, roomId)];
    const [first] = there;
    const lifts = first !== undefined && (there.length >= MOST_RESTRICTED || this.options.random() < 0.5);
    if (this.asking.has(`${roomId} ${lifts ? first : userId}`)) return undefined;
    if (lifts) return { act: isBan ? 'unban' : 'untimeout', userId: first };
    restricted.add(`${roomId} ${userId}`);
    return isBan ? { act: 'ban', userId } : { act: 'timeout', userId, seconds: TIMEOUT_SECONDS };
  }

  private unpinning(host: Person, roomId: number): ActInput | undefined {
    const [pin] = host.client.roomState(roomId)?.pins ?? [];
    return pin && { act: 'unpin', seq: pin.seq };
  }

  private async lift(
    host: Person,
    roomId: number,
    userId: number,
    act: 'unban' | 'untimeout',
  ): Promise<void> {
    if ((await host.act(roomId, { act, userId })) === undefined) return;
    (act === 'unban' ? this.banned : this.muted).delete(`${roomId} ${userId}`);
  }

  private usersIn(restricted: ReadonlySet<string>, roomId: number): number[] {
    return [...restricted]
      .filter((one) => one.startsWith(`${roomId} `))
      .map((one) => Number(one.split(' ')[1]));
  }
}

/** Whether an act restricts somebody, or lifts that. */
function isRestriction(
  act: ActInput,
): act is Extract<ActInput, { act: 'ban' | 'unban' | 'timeout' | 'untimeout' }> {
  return ['ban', 'unban', 'timeout', 'untimeout'].includes(act.act);
}
