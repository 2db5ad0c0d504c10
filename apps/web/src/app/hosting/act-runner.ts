import { ApiError, ClientError } from '@parley/client';
import type { AckFrame, ActInput, MessageRange, RoomState } from '@parley/protocol';
import { Observable } from '../observable.js';
import { isChangedSince, type Basis } from './changed-since.js';
import { inverseOf, isRestricting, restrictedAs, type Before, type Held, type Inverse } from './inverse.js';

/** What the host is told of an act. */
export interface Notice {
  readonly id: number;
  readonly roomId: number;
  readonly act: ActInput;
  /** Name of whom it was done to. */
  readonly who: string | undefined;
  readonly outcome: 'done' | 'undone' | 'failed';
  /** Code of the refusal, when it `failed`. */
  readonly errorCode?: string;
  readonly inverse?: Inverse;
  /** What it was done on. */
  readonly basis?: Basis;
}

/** What acts need. */
export interface ActPorts {
  /** @throws {ClientError} */
  act(roomId: number, act: ActInput): Promise<AckFrame>;
  /** How the room stands now; undefined when it is not joined. */
  state(roomId: number): RoomState | undefined;
  /** What the act of this seq has hidden. @throws {ApiError} `NOTHING_TO_UNDO` when that is not on record. */
  hiddenBy(roomId: number, seq: number): Promise<MessageRange>;
  /** What somebody is restricted by. @throws {ApiError} */
  held(roomId: number, userId: number): Promise<readonly Held[]>;
  /** The server's wall clock, milliseconds since 1970. */
  nowMs(): number;
}

/** Notices that are kept: a reader has no time for more. */
const MOST_NOTICES = 3;

/** Does what hosts ask for, once however often they press, and keeps what became of it. */
export class ActRunner {
  readonly notices = new Observable<readonly Notice[]>([]);
  /** Acts under way, by what they are. */
  readonly busy = new Observable<ReadonlySet<string>>(new Set());
  #lastId = 0;

  constructor(private readonly ports: ActPorts) {}

  /** @returns Whether it was done; false also while the same act is under way. What became of it is in `notices`. */
  run(roomId: number, act: ActInput, who?: string): Promise<boolean> {
    return this.#once(roomId, act, who, async () => {
      const before = await this.#standing(roomId, act);
      const { seq, sentAt } = await this.ports.act(roomId, act);
      const inverse = before && inverseOf(act, before, seq);
      const back = inverse && { inverse, basis: { before, doneAtMs: sentAt } };
      this.#add({ roomId, act, who, outcome: 'done', ...back });
    });
  }

  /** Takes back what a notice tells of, unless somebody has decided anew since. A failure can be tried again. */
  undo(notice: Notice): Promise<boolean> {
    const { roomId, act, who, inverse, basis } = notice;
    if (!inverse || !this.notices.get().includes(notice)) return Promise.resolve(false);
    return this.#once(roomId, act, who, async () => {
      const now = await this.#standing(roomId, act);
      if (basis && now && isChangedSince(act, basis, now)) throw new ApiError(0, 'CHANGED_SINCE', false);
      const acts = await this.#actsOf(roomId, inverse);
      // What it would bring back has ended by itself.
      if (acts.length === 0) throw new ApiError(0, 'NOTHING_TO_UNDO', false);
      for (const back of acts) await this.ports.act(roomId, back);
      this.dismiss(notice.id);
      this.#add({ roomId, act, who, outcome: 'undone' });
    });
  }

  /** Takes back the newest act that can be. */
  undoLast(): Promise<boolean> {
    const last = [...this.notices.get()].reverse().find(({ inverse }) => inverse);
    return last ? this.undo(last) : Promise.resolve(false);
  }

  dismiss(id: number): void {
    this.notices.set(this.notices.get().filter((notice) => notice.id !== id));
  }

  isBusy(roomId: number, act: ActInput): boolean {
    return this.busy.get().has(keyOf(roomId, act));
  }

  async #once(
    roomId: number,
    act: ActInput,
    who: string | undefined,
    work: () => Promise<void>,
  ): Promise<boolean> {
    const key = keyOf(roomId, act);
    if (this.busy.get().has(key)) return false;
    this.busy.set(new Set(this.busy.get()).add(key));
    try {
      await work();
      return true;
    } catch (error) {
      this.#add({ roomId, act, who, outcome: 'failed', errorCode: codeOf(error) });
      return false;
    } finally {
      const busy = new Set(this.busy.get());
      busy.delete(key);
      this.busy.set(busy);
    }
  }

  /** The act must not fail for this: without it less can be taken back. */
  #held(roomId: number, userId: number): Promise<readonly Held[] | undefined> {
    return this.ports.held(roomId, userId).catch(() => undefined);
  }

  /** How what an act is about stands now; undefined when the room is not joined. */
  async #standing(roomId: number, act: ActInput): Promise<Before | undefined> {
    const state = this.ports.state(roomId);
    const held = isRestricting(act) ? await this.#held(roomId, Number(act.userId)) : undefined;
    return state && { state, held };
  }

  async #actsOf(roomId: number, inverse: Inverse): Promise<ActInput[]> {
    if ('act' in inverse) return [inverse.act];
    if ('held' in inverse) return restrictedAs(inverse.restrict, inverse.held, this.ports.nowMs());
    const { from, to = inverse.hiddenBy, of } = await this.ports.hiddenBy(roomId, inverse.hiddenBy);
    const [userId] = of ?? [];
    return [{ act: 'restore', from, to, ...(userId !== undefined && { userId }) }];
  }

  #add(notice: Omit<Notice, 'id'>): void {
    const id = ++this.#lastId;
    this.notices.set([...this.notices.get(), { id, ...notice }].slice(-MOST_NOTICES));
  }
}

const keyOf = (roomId: number, act: ActInput): string => JSON.stringify([roomId, act]);

/** The code of a refusal, for its words. */
export const codeOf = (error: unknown): string =>
  error instanceof ClientError || error instanceof ApiError ? error.code : 'INTERNAL';
