import { eventually } from '@parley/testing';
import { ApiError, type HistoryQuery } from '@parley/client';
import type { EventFrame, HistoryPage } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { testEvent, testPage } from '../../timeline/test-messages.js';
import { Retries } from '../../retries.js';
import { HistoryLoader } from './history-loader.js';
import { emptyThread, withArrived, type Thread } from '../threads/thread.js';

/** A room of `head` messages, and a thread that starts empty. */
function setUp(head: number, fields: Partial<Thread> = {}) {
  let thread: Thread = { ...emptyThread, roomId: 1, ...fields };
  const queries: HistoryQuery[] = [];
  const answers: { failWith?: ApiError; hold?: Promise<void>; room?: number } = {};
  const failures: unknown[] = [];
  const screen = new AbortController();
  const page = ({ before, after, limit = 50 }: HistoryQuery): HistoryPage => {
    if (after !== undefined) {
      const to = Math.min(head, after + limit);
      return testPage(after + 1, to, { head, more: to < head });
    }
    const to = before === undefined ? head : before - 1;
    const from = Math.max(1, to - limit + 1);
    return testPage(from, to, { head, more: from > 1 });
  };
  const loader = new HistoryLoader({
    api: {
      history: async (_roomId, query = {}) => {
        queries.push(query);
        const answer = page(query);
        await answers.hold;
        if (answers.failWith) throw answers.failWith;
        return answer;
      },
    },
    retries: new Retries({ random: () => 0 }),
    shown: () => screen.signal,
    me: 7,
    get: () => thread,
    findRoom: async () => {
      if (answers.failWith) throw answers.failWith;
      return answers.room;
    },
    update: (_key, change) => (thread = change(thread)),
    failed: (error) => failures.push(error),
    settled: () => undefined,
  });
  const show = (event: EventFrame) => (thread = withArrived(thread, event, { me: 7, isAway: false }));
  return { show, loader, queries, answers, failures, screen, thread: () => thread };
}
const seqs = (thread: Thread) => [thread.timeline.messages[0]?.seq, thread.timeline.messages.at(-1)?.seq];

describe('HistoryLoader', () => {
  it('reads what is shown again anew, and no more than that', async () => {
    const { loader, thread, queries, show } = setUp(300);
    await loader.loadLatest('room:1');
    show(testEvent(301, { kind: 'delete', by: 'moderator', range: { from: 200, to: 280 } }));
    const deleted = () => thread().timeline.messages.filter((message) => message.deleted).length;
    expect(deleted()).toBe(30);
    const restore = testEvent(302, { kind: 'restore', range: { from: 200, to: 260 } });
    show(restore);
    await loader.restore('room:1', [restore]);
    expect(queries.slice(1)).toEqual([{ after: 250, limit: 200 }]);
    expect(deleted()).toBe(20);
    await loader.restore('room:1', [testEvent(303, { kind: 'restore', range: { from: 1, to: 99 } })]);
    expect(queries).toHaveLength(2);
  });

  it('loads the newest page, then older ones, up to the beginning', async () => {
    const { loader, thread, queries } = setUp(120);
    await loader.loadLatest('room:1');
    expect(seqs(thread())).toEqual([71, 120]);
    await loader.loadOlder('room:1');
    expect(seqs(thread())).toEqual([21, 120]);
    await loader.loadOlder('room:1');
    expect(seqs(thread())).toEqual([1, 120]);
    await loader.loadOlder('room:1');
    expect(queries).toHaveLength(3);
    expect(thread().timeline.reachedStart).toBe(true);
  });

  it('asks once, however often the reader scrolls', async () => {
    const { loader, queries } = setUp(120);
    await loader.loadLatest('room:1');
    await Promise.all([loader.loadOlder('room:1'), loader.loadOlder('room:1')]);
    expect(queries).toHaveLength(2);
  });

  // The way to the first unread message ended at a page that was being loaded already, and had to be asked for again.
  it('keeps waiting whoever asks for a page that is under way, until it is there', async () => {
    const { loader, thread, answers } = setUp(120);
    await loader.loadLatest('room:1');
    let answer = (): void => undefined;
    answers.hold = new Promise((resolve) => (answer = resolve));
    const scrolled = loader.loadOlder('room:1');
    const asked = loader.loadOlder('room:1').then(() => seqs(thread()));
    answer();
    expect(await asked).toEqual([21, 120]);
    await scrolled;
  });

  it('has nothing to read of a conversation in which nothing was said', async () => {
    const { loader, thread, queries } = setUp(0, { roomId: undefined });
    const loaded = loader.loadLatest('user:3');
    expect(thread().phase).toBe('loading');
    await loaded;
    expect(thread()).toMatchObject({ phase: 'ready', timeline: { reachedStart: true, messages: [] } });
    expect(queries).toEqual([]);
  });

  // It was taken for one in which nothing was said, as long as its room was not known.
  it('reads a conversation whose room it has to find first, and tries again when it cannot', async () => {
    const { loader, thread, answers, failures } = setUp(3, { roomId: undefined });
    answers.failWith = new ApiError(0, 'NETWORK', true);
    answers.room = 9;
    const loaded = loader.loadLatest('user:3');
    await eventually(() => expect(failures).not.toEqual([]));
    expect(thread()).toMatchObject({ phase: 'failed', errorCode: 'NETWORK' });
    delete answers.failWith;
    await loaded;
    expect(thread()).toMatchObject({ phase: 'ready', errorCode: undefined });
    expect(seqs(thread())).toEqual([1, 3]);
  });

  it('says why it failed, and heals by itself', async () => {
    const { loader, thread, answers, failures } = setUp(10);
    answers.failWith = new ApiError(0, 'NETWORK', true);
    const loaded = loader.loadLatest('room:1');
    await eventually(() => expect(failures.length).toBeGreaterThan(1));
    expect(thread()).toMatchObject({ phase: 'failed', errorCode: 'NETWORK' });
    delete answers.failWith;
    await loaded;
    expect(thread()).toMatchObject({ phase: 'ready', errorCode: undefined });
  });

  it('asks no more when the thread leaves the screen, and anew when it comes back', async () => {
    const { loader, thread, answers, queries, screen } = setUp(10);
    answers.failWith = new ApiError(0, 'NETWORK', true);
    const loaded = loader.loadLatest('room:1');
    await eventually(() => expect(thread().phase).toBe('failed'));
    screen.abort();
    await loaded;
    expect(thread().phase).toBe('idle');
    const asked = queries.length;
    delete answers.failWith;
    await loader.loadLatest('room:1');
    expect(queries).toHaveLength(asked + 1);
    expect(thread().phase).toBe('ready');
  });

  it('keeps what is shown when a page above it cannot be had, and tries again', async () => {
    const { loader, thread, answers } = setUp(120);
    await loader.loadLatest('room:1');
    answers.failWith = new ApiError(503, 'HISTORY_PENDING', true);
    const loaded = loader.loadOlder('room:1');
    await eventually(() =>
      expect(thread()).toMatchObject({ phase: 'ready', older: 'failed', errorCode: 'HISTORY_PENDING' }),
    );
    expect(seqs(thread())).toEqual([71, 120]);
    delete answers.failWith;
    // The reader asks, too: it is still one page.
    await Promise.all([loaded, loader.loadOlder('room:1')]);
    expect(thread().older).toBe('idle');
    expect(seqs(thread())).toEqual([21, 120]);
  });

  it('tells a room that does not exist from one that cannot be loaded', async () => {
    const { loader, thread, answers } = setUp(10);
    answers.failWith = new ApiError(404, 'ROOM_NOT_FOUND', false);
    await loader.loadLatest('room:1');
    expect(thread().phase).toBe('missing');
  });

  it('puts the line "new messages" where this device left off', async () => {
    const { loader, thread } = setUp(20, { readTo: 15 });
    await loader.loadLatest('room:1');
    expect(thread().unreadAfter).toBe(15);
  });

  it('goes on to newer pages only from where it stands', async () => {
    const { loader, thread } = setUp(10);
    await loader.loadLatest('room:1');
    await loader.loadNewer('room:1');
    expect(seqs(thread())).toEqual([1, 10]);
  });
});
