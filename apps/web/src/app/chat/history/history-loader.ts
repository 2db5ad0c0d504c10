import { ApiError, type HistoryQuery, type ParleyApi } from '@parley/client';
import { limits, type Entry, type HistoryPage } from '@parley/protocol';
import type { Retries } from '../../retries.js';
import { hidingActOf } from '../../timeline/hiding.js';
import {
  firstSeq,
  isAtEnd,
  withLatestPage,
  withNewerPage,
  withOlderPage,
  withRestored,
  withoutOldest,
  type Timeline,
} from '../../timeline/timeline.js';
import { withPutOut, type Thread } from '../threads/thread.js';
import type { ThreadKey } from '../threads/thread-key.js';

/** Messages per page. Chosen by judgement: two or three screens. */
const pageSize = 50;

/** Pages that are loaded to get to a message above: more than unread messages are counted. */
const maxPagesBack = 10;

/** What the loader reads and whom it tells. */
export interface HistoryLoaderPorts {
  readonly api: Pick<ParleyApi, 'history'>;
  readonly retries: Retries;
  /** Aborted when what is on the screen now leaves it. */
  shown(): AbortSignal;
  /** Id of the user. */
  readonly me: number;
  get(key: ThreadKey): Thread;
  /** The room of a conversation that is not known yet; undefined when nothing was said in it. Rejects with `ApiError`. */
  findRoom(key: ThreadKey): Promise<number | undefined>;
  update(key: ThreadKey, change: (thread: Thread) => Thread): void;
  failed(error: unknown): void;
  /** A page has been put in place. */
  settled(key: ThreadKey): void;
}

const codeOf = (error: unknown): string => (error instanceof ApiError ? error.code : 'INTERNAL');

type Direction = 'older' | 'newer';

/**
 * Loads pages of history into threads: one at a time per thread and direction, tried again for as long as the thread is on
 * the screen.
 */
export class HistoryLoader {
  readonly #ports: HistoryLoaderPorts;
  /** Pages above or below that are being loaded, or wait to be tried again: whether one was put in place, at the end. */
  readonly #loading = new Map<`${Direction} ${ThreadKey}`, Promise<boolean>>();
  /** Bumped by every load of the newest page: an answer to an older question is dropped. */
  readonly #rounds = new Map<ThreadKey, number>();

  constructor(ports: HistoryLoaderPorts) {
    this.#ports = ports;
  }

  /** Loads the newest page. A conversation in which nothing was said has none. */
  async loadLatest(key: ThreadKey): Promise<void> {
    const { api, me, retries, shown, get, update, findRoom, failed, settled } = this.#ports;
    const { phase } = get(key);
    const round = (this.#rounds.get(key) ?? 0) + 1;
    this.#rounds.set(key, round);
    // What is shown stays until the new page is here; so does what is said about a failure.
    if (phase === 'idle') update(key, (thread) => ({ ...thread, phase: 'loading', errorCode: undefined }));
    const isPast = () => this.#rounds.get(key) !== round;
    const show = (error: unknown) => {
      failed(error);
      if (!isPast()) update(key, (thread) => withLoadFailure(thread, error));
    };
    const signal = shown();
    try {
      const attempt = async () => {
        const roomId = get(key).roomId ?? (await findRoom(key));
        return roomId === undefined ? undefined : api.history(roomId, { limit: pageSize });
      };
      const page = await retries.run(attempt, { signal, failed: show, isPast });
      // Put out since it was asked for, or nothing is there any more.
      if (isPast() || (phase !== 'missing' && get(key).phase === 'missing')) return;
      if (!page) {
        update(key, withNothing);
        // Somebody may have begun meanwhile.
        settled(key);
        return;
      }
      update(key, (thread) => {
        const isFirst = thread.phase !== 'ready';
        const timeline = withLatestPage(thread.timeline, page, me);
        const { readTo } = thread;
        const hasNew = isFirst && readTo !== undefined && readTo < page.head;
        return {
          ...thread,
          timeline,
          phase: 'ready',
          older: 'idle',
          newer: 'idle',
          errorCode: undefined,
          unreadAfter: hasNew ? readTo : thread.unreadAfter,
        };
      });
      settled(key);
      if (!isAtEnd(get(key).timeline)) void this.loadNewer(key);
    } catch (error) {
      show(error);
      // Nobody looks any more: whoever comes back asks anew.
      if (signal.aborted && !isPast()) update(key, withoutLoad);
    }
  }

  /** Loads the page above what is shown, if there is one. */
  async loadOlder(key: ThreadKey): Promise<void> {
    const { timeline } = this.#ports.get(key);
    const before = firstSeq(timeline);
    if (timeline.reachedStart || before === undefined) return;
    await this.#load(key, 'older', { before }, (thread, page) => withOlderPage(thread, page, before));
  }

  /** Loads pages above until a message is there, or they are too many. */
  async loadBackTo(key: ThreadKey, seq: number): Promise<void> {
    for (let pages = 0; pages < maxPagesBack; pages++) {
      const { timeline } = this.#ports.get(key);
      const first = firstSeq(timeline);
      if (first === undefined || first <= seq || timeline.reachedStart) return;
      await this.loadOlder(key);
      if (firstSeq(this.#ports.get(key).timeline) === first) return;
    }
  }

  /** Loads the page below what is shown, if there is one. */
  async loadNewer(key: ThreadKey): Promise<void> {
    const { get, me, settled } = this.#ports;
    const { timeline } = get(key);
    if (isAtEnd(timeline)) return;
    const after = timeline.coveredTo;
    const isLoaded = await this.#load(key, 'newer', { after }, (thread, page) =>
      withoutOldest(withNewerPage(thread, page, after, me)),
    );
    if (isLoaded) settled(key);
  }

  /** Reads the texts anew that entries show again, as far as they are in the thread as deleted. */
  async restore(key: ThreadKey, entries: readonly Entry[]): Promise<void> {
    const { api, retries, shown, get, update } = this.#ports;
    const ranges = entries.flatMap((entry) => {
      const act = hidingActOf(entry);
      return act && !act.hidden ? { from: act.range.from, to: act.range.to ?? act.seq } : [];
    });
    const { roomId, timeline } = get(key);
    const gone = timeline.messages.filter(
      ({ seq, deleted }) => deleted && ranges.some(({ from, to }) => seq >= from && seq <= to),
    );
    const last = gone.at(-1)?.seq;
    if (roomId === undefined || last === undefined) return;
    const signal = shown();
    try {
      for (let after = (gone[0]?.seq ?? 1) - 1; after < last;) {
        const attempt = () => api.history(roomId, { after, limit: limits.maxHistoryPage });
        const page = await retries.run(attempt, { signal });
        update(key, (thread) => ({ ...thread, timeline: withRestored(thread.timeline, page) }));
        after = page.more ? (page.messages.at(-1)?.seq ?? last) : last;
      }
    } catch {
      // Nobody looks any more, or trying again does not help: whoever opens the thread reads it anew.
      if (signal.aborted)
        update(key, (thread) => (thread.phase === 'ready' ? { ...thread, phase: 'idle' } : thread));
    }
  }

  /** @returns Whether a page was put in place, by this call or by one before it that was under way. */
  async #load(
    key: ThreadKey,
    direction: Direction,
    query: HistoryQuery,
    put: (timeline: Timeline, page: HistoryPage) => Timeline,
  ): Promise<boolean> {
    const { api, retries, shown, get, update, failed } = this.#ports;
    const { roomId, phase } = get(key);
    if (roomId === undefined || phase !== 'ready') return false;
    const name = `${direction} ${key}` as const;
    const underWay = this.#loading.get(name);
    if (underWay) {
      // Asked for by hand, then: the reader does not want to wait.
      if (get(key)[direction] === 'failed') retries.hurry(0);
      return underWay;
    }
    let isPut = false;
    let end = (): void => undefined;
    this.#loading.set(name, new Promise((resolve) => (end = () => resolve(isPut))));
    update(key, (thread) => ({ ...thread, [direction]: 'loading' }));
    const show = (error: unknown) => {
      failed(error);
      update(key, (thread) => ({ ...thread, [direction]: 'failed', errorCode: codeOf(error) }));
    };
    const signal = shown();
    try {
      const attempt = () => api.history(roomId, { ...query, limit: pageSize });
      const page = await retries.run(attempt, { signal, failed: show });
      update(key, (thread) => ({ ...thread, [direction]: 'idle', timeline: put(thread.timeline, page) }));
      isPut = true;
      if (direction === 'newer') void this.restore(key, page.messages);
    } catch (error) {
      show(error);
      if (signal.aborted) update(key, (thread) => ({ ...thread, [direction]: 'idle' }));
    } finally {
      this.#loading.delete(name);
      end();
    }
    return isPut;
  }
}

/** Nothing was said so far. */
const withNothing = (thread: Thread): Thread => ({
  ...thread,
  phase: 'ready',
  errorCode: undefined,
  timeline: { ...thread.timeline, reachedStart: true },
});

function withLoadFailure(thread: Thread, error: unknown): Thread {
  const errorCode = codeOf(error);
  if (error instanceof ApiError && errorCode === 'BANNED') {
    const until = error.problem?.until;
    // Said once: who was told so while he was there knows why, too.
    return withPutOut(thread, thread.putOut ?? { reason: 'banned', ...(until !== undefined && { until }) });
  }
  if (errorCode === 'WAITING') return withPutOut(thread, { reason: 'lobby' });
  const isMissing = errorCode === 'ROOM_NOT_FOUND' || errorCode === 'FORBIDDEN';
  return {
    ...thread,
    phase: isMissing ? 'missing' : thread.phase === 'ready' ? 'ready' : 'failed',
    errorCode,
  };
}

function withoutLoad(thread: Thread): Thread {
  return thread.phase === 'ready' || thread.phase === 'missing' ? thread : { ...thread, phase: 'idle' };
}
