import { ApiError, type ParleyApi } from '@parley/client';
import {
  firstSeq,
  isAtEnd,
  withLatestPage,
  withNewerPage,
  withOlderPage,
  withoutOldest,
} from '../../timeline/timeline.js';
import type { Thread } from '../threads/thread.js';
import type { ThreadKey } from '../threads/thread-key.js';

/** Messages per page. Chosen by judgement: two or three screens. */
const pageSize = 50;

/** What the loader reads and whom it tells. */
export interface HistoryLoaderPorts {
  readonly api: Pick<ParleyApi, 'history'>;
  /** Id of the user. */
  readonly me: number;
  get(key: ThreadKey): Thread;
  update(key: ThreadKey, change: (thread: Thread) => Thread): void;
  failed(error: unknown): void;
  /** A page has been put in place. */
  settled(key: ThreadKey): void;
}

const codeOf = (error: unknown): string => (error instanceof ApiError ? error.code : 'INTERNAL');

/** Loads pages of history into threads: one at a time per thread and direction. */
export class HistoryLoader {
  readonly #ports: HistoryLoaderPorts;
  /** Bumped by every load of the newest page: an answer to an older question is dropped. */
  readonly #rounds = new Map<ThreadKey, number>();

  constructor(ports: HistoryLoaderPorts) {
    this.#ports = ports;
  }

  /** Loads the newest page. A conversation in which nothing was said is ready at once. */
  async loadLatest(key: ThreadKey): Promise<void> {
    const { api, me, get, update, failed, settled } = this.#ports;
    const { roomId, phase } = get(key);
    if (roomId === undefined) {
      update(key, (thread) => ({
        ...thread,
        phase: 'ready',
        timeline: { ...thread.timeline, reachedStart: true },
      }));
      return;
    }
    const round = (this.#rounds.get(key) ?? 0) + 1;
    this.#rounds.set(key, round);
    // What is shown stays until the new page is here.
    if (phase !== 'ready') update(key, (thread) => ({ ...thread, phase: 'loading', errorCode: undefined }));
    try {
      const page = await api.history(roomId, { limit: pageSize });
      if (this.#rounds.get(key) !== round) return;
      update(key, (thread) => {
        const isFirst = thread.phase === 'loading';
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
      failed(error);
      if (this.#rounds.get(key) !== round) return;
      const code = codeOf(error);
      const isMissing = code === 'ROOM_NOT_FOUND' || code === 'FORBIDDEN';
      update(key, (thread) => ({
        ...thread,
        phase: isMissing ? 'missing' : thread.phase === 'ready' ? 'ready' : 'failed',
        errorCode: code,
      }));
    }
  }

  /** Loads the page above what is shown, if there is one. */
  async loadOlder(key: ThreadKey): Promise<void> {
    const { api, get, update, failed } = this.#ports;
    const { roomId, phase, older, timeline } = get(key);
    const before = firstSeq(timeline);
    if (roomId === undefined || phase !== 'ready' || older === 'loading') return;
    if (timeline.reachedStart || before === undefined) return;
    update(key, (thread) => ({ ...thread, older: 'loading' }));
    try {
      const page = await api.history(roomId, { before, limit: pageSize });
      update(key, (thread) => ({
        ...thread,
        older: 'idle',
        timeline: withOlderPage(thread.timeline, page, before),
      }));
    } catch (error) {
      failed(error);
      update(key, (thread) => ({ ...thread, older: 'failed', errorCode: codeOf(error) }));
    }
  }

  /** Loads the page below what is shown, if there is one. */
  async loadNewer(key: ThreadKey): Promise<void> {
    const { api, me, get, update, failed, settled } = this.#ports;
    const { roomId, phase, newer, timeline } = get(key);
    if (roomId === undefined || phase !== 'ready' || newer === 'loading' || isAtEnd(timeline)) return;
    const after = timeline.coveredTo;
    update(key, (thread) => ({ ...thread, newer: 'loading' }));
    try {
      const page = await api.history(roomId, { after, limit: pageSize });
      update(key, (thread) => ({
        ...thread,
        newer: 'idle',
        timeline: withoutOldest(withNewerPage(thread.timeline, page, after, me)),
      }));
      settled(key);
    } catch (error) {
      failed(error);
      update(key, (thread) => ({ ...thread, newer: 'failed', errorCode: codeOf(error) }));
    }
  }
}
