import type { connectRpc, RpcRequest } from '@parley/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InstanceLane, type Delivered, type LanePort } from './instance-lane.js';
import { item } from './testing/stream-items.js';

type Request = RpcRequest<typeof connectRpc.deliver>;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function setUp(maxJobs = 100, maxBytes = 1_000_000) {
  const requests: Request[] = [];
  const finished: string[] = [];
  const answers: (() => Promise<Partial<Delivered>>)[] = [];
  const lettingGo: string[] = [];
  const gateway = { gone: false, underWay: 0, mostUnderWay: 0 };
  const port: LanePort = {
    deliver: async (request) => {
      requests.push(request);
      gateway.mostUnderWay = Math.max(gateway.mostUnderWay, ++gateway.underWay);
      try {
        return { staleShards: [], ...(await (answers.shift() ?? (() => Promise.resolve({})))()) };
      } finally {
        gateway.underWay--;
      }
    },
    isGone: () => Promise.resolve(gateway.gone),
    onError: vi.fn(),
  };
  const onGone = vi.fn();
  const lane = new InstanceLane(port, { maxJobs, maxBytes }, onGone);
  const push = (...args: Parameters<typeof item>) => {
    const pushed = item(...args);
    lane.push({
      item: pushed,
      bytes: pushed.entry.body.length,
      letGoOfBody: () => lettingGo.push(pushed.streamId),
      done: () => finished.push(`done ${pushed.streamId}`),
      stale: (seen) => finished.push(`stale ${pushed.streamId}${seen === undefined ? '' : ` ${seen}`}`),
    });
  };
  const seqs = () => requests.map(({ entries }) => entries.map(({ seq }) => seq));
  return { lane, push, port, onGone, requests, seqs, finished, answers, gateway, lettingGo };
}

const fail = () => Promise.reject(new Error('no answer'));

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** An answer that comes when it is let go. */
function held() {
  let release: () => void = () => undefined;
  const answer = new Promise<Partial<Delivered>>((resolve) => (release = () => resolve({})));
  return { answer: () => answer, release: () => release() };
}

describe('InstanceLane', () => {
  it('hands over in order, a turn at a time', async () => {
    const { push, seqs, finished, lane } = setUp();
    for (const seq of [1, 2, 3]) push(1, seq);
    expect(lane.size).toBe(3);
    await settle();
    expect(seqs()).toEqual([[1, 2, 3]]);
    expect(finished).toEqual(['done 1-1', 'done 1-2', 'done 1-3']);
    expect(lane.size).toBe(0);
  });

  it('has one call under way; what comes meanwhile goes with the next', async () => {
    const { push, seqs, answers, lane, gateway, finished } = setUp();
    const { answer, release } = held();
    answers.push(answer);
    push(1, 1);
    await settle();
    push(1, 2);
    push(1, 3);
    await settle();
    expect(seqs()).toEqual([[1]]);
    expect(finished).toEqual([]);
    expect(lane.size).toBe(3);
    release();
    await settle();
    expect(seqs()).toEqual([[1], [2, 3]]);
    expect(gateway.mostUnderWay).toBe(1);
  });

  it('repeats a call until it succeeds, without letting later ones pass', async () => {
    const { push, seqs, answers, finished, port } = setUp();
    answers.push(fail, fail, fail);
    push(1, 1);
    await settle();
    push(1, 2);
    for (const waitMs of [50, 100, 200]) {
      expect(finished).toEqual([]);
      await vi.advanceTimersByTimeAsync(waitMs);
      await settle();
    }
    expect(seqs()).toEqual([[1], [1], [1], [1], [2]]);
    expect(finished).toEqual(['done 1-1', 'done 1-2']);
    expect(port.onError).toHaveBeenCalledTimes(3);
  });

  it('waits longer after each failure, up to a second', async () => {
    const { push, requests, answers } = setUp();
    answers.push(...Array.from({ length: 8 }, () => fail));
    push(1, 1);
    await settle();
    for (const waitMs of [50, 100, 200, 400, 800, 1_000, 1_000]) {
      const before = requests.length;
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      await settle();
      expect(requests).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      await settle();
      expect(requests).toHaveLength(before + 1);
    }
  });

  it('lets go of everything when the gateway is gone', async () => {
    const { push, requests, answers, finished, gateway, onGone, lane } = setUp();
    const { answer, release } = held();
    answers.push(() => answer().then(fail));
    push(1, 1);
    await settle();
    push(1, 2);
    push(2, 1);
    gateway.gone = true;
    release();
    await settle();
    expect(requests).toHaveLength(1);
    expect(finished).toEqual(['done 1-1', 'done 1-2', 'done 2-1']);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(lane.size).toBe(0);
  });

  it('tells the items of a stale shard from the others', async () => {
    const { push, answers, finished } = setUp();
    answers.push(() => Promise.resolve({ staleShards: [2], seenFences: [[2, 77]] }));
    push(1, 1);
    push(2, 1);
    push(12, 1);
    await settle();
    expect(finished).toEqual(['done 1-1', 'stale 2-1 77', 'stale 12-1 77']);
  });

  it('collapses a queue that grew too long to positions at once, and finishes every job of it', async () => {
    const { push, requests, answers, finished, lettingGo, lane } = setUp(3);
    const { answer, release } = held();
    answers.push(answer);
    push(1, 1);
    await settle();
    for (const seq of [2, 3]) push(1, seq);
    push(2, 4, { recipients: [8, 9] });
    expect(lettingGo).toEqual([]);
    push(2, 5, { recipients: [8, 9] });
    // Nobody needs to keep these bodies for a gateway that does not answer.
    expect(lettingGo).toEqual(['1-2', '1-3', '2-4', '2-5']);
    await settle();
    expect(requests[1]).toEqual({
      fences: [
        [1, 1],
        [2, 1],
      ],
      entries: [],
      upTo: [
        { roomId: 1, seq: 3, epoch: 'e1' },
        { roomId: 2, seq: 5, epoch: 'e1', recipients: [8, 9] },
      ],
      partial: true,
    });
    expect(finished).toHaveLength(4);
    expect(lane.size).toBe(1);
    release();
    await settle();
    expect(finished).toHaveLength(5);
    expect(lane.size).toBe(0);
  });

  it('does not collapse a queue at its bound, in jobs and in bytes', async () => {
    const { push, seqs } = setUp(3, 300);
    const body = `{${'x'.repeat(99)}`;
    for (const seq of [1, 2, 3]) push(1, seq, { body });
    await settle();
    expect(seqs()).toEqual([[1, 2, 3]]);
  });

  // 4,096 messages of 16 kB were 64 MB for each gateway that stalled.
  it('collapses a queue with too many bytes', async () => {
    const { push, requests } = setUp(3, 300);
    push(1, 1, { body: `{${'x'.repeat(99)}` });
    push(1, 2, { body: `{${'x'.repeat(200)}` });
    await settle();
    expect(requests).toMatchObject([{ entries: [], upTo: [{ roomId: 1, seq: 2 }] }]);
    // What has collapsed takes no place any more, nor what was handed over.
    for (const seq of [1, 2, 3, 4, 5]) {
      push(2, seq, { body: `{${'x'.repeat(99)}` });
      await settle();
      expect(requests.at(-1)?.entries.map((entry) => entry.seq)).toEqual([seq]);
    }
  });

  it('has one call of positions under way beside the one of messages', async () => {
    const { push, requests, answers, gateway } = setUp(1);
    const [first, message] = [held(), held()];
    answers.push(first.answer);
    for (const seq of [1, 2]) push(1, seq);
    await settle();
    for (const seq of [1, 2]) push(2, seq);
    await settle();
    expect(requests).toMatchObject([{ upTo: [{ roomId: 1, seq: 2 }] }]);
    answers.push(message.answer);
    push(3, 1);
    await settle();
    expect(requests[1]).toMatchObject({ upTo: [], entries: [{ roomId: 3 }] });
    first.release();
    await settle();
    expect(requests[2]).toMatchObject({ upTo: [{ roomId: 2, seq: 2 }] });
    expect(gateway.mostUnderWay).toBe(2);
    message.release();
    await settle();
    // And again later.
    for (const seq of [3, 4]) push(1, seq);
    await settle();
    expect(requests[3]).toMatchObject({ upTo: [{ roomId: 1, seq: 4 }] });
  });

  it('is gone once, with each job done once, whichever of its calls finds that out', async () => {
    const { push, answers, finished, gateway, onGone, lane } = setUp(1);
    const [positions, messages] = [held(), held()];
    answers.push(
      () => positions.answer().then(fail),
      () => messages.answer().then(fail),
    );
    for (const seq of [1, 2]) push(1, seq);
    await settle();
    push(2, 1);
    await settle();
    gateway.gone = true;
    positions.release();
    messages.release();
    await settle();
    expect(finished.sort()).toEqual(['done 1-1', 'done 1-2', 'done 2-1']);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(lane.size).toBe(0);
  });

  // One room whose log could not be read, or that was slow to be written to, failed or delayed the call for all rooms.
  it('asks again by position for rooms that were not taken, and others neither wait nor come again', async () => {
    const { push, requests, answers, finished, lane } = setUp();
    answers.push(() => Promise.resolve({ failed: [1] }));
    push(1, 1);
    push(2, 1);
    push(1, 2);
    await settle();
    expect(finished).toEqual(['done 2-1']);
    const slow = held();
    answers.push(slow.answer);
    await vi.advanceTimersByTimeAsync(50);
    await settle();
    expect(requests[1]).toMatchObject({ entries: [], upTo: [{ roomId: 1, seq: 2 }] });
    // While it takes its time the others go on, and what comes for it moves its position.
    push(1, 3);
    push(2, 2);
    await settle();
    expect(requests[2]?.entries.map(({ roomId, seq }) => [roomId, seq])).toEqual([[2, 2]]);
    expect(finished).toEqual(['done 2-1', 'done 2-2']);
    answers.push(() => Promise.resolve({ failed: [1] }));
    slow.release();
    await settle();
    expect(finished.slice(2)).toEqual(['done 1-1', 'done 1-2']);
    expect(requests[3]).toMatchObject({ entries: [], upTo: [{ roomId: 1, seq: 3 }] });
    expect(lane.size).toBe(1);
    // Not taken again: a little later, without holding up a room that comes behind meanwhile.
    await vi.advanceTimersByTimeAsync(49);
    await settle();
    expect(requests).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(1);
    await settle();
    expect(requests[4]).toMatchObject({ entries: [], upTo: [{ roomId: 1, seq: 3 }] });
    expect(finished.slice(4)).toEqual(['done 1-3']);
    expect(lane.size).toBe(0);
    // It has caught up: messages come one by one again.
    push(1, 4);
    await settle();
    expect(requests[5]?.entries).toHaveLength(1);
  });

  // They went ahead of what the room lacked, and the gateway had to find out by itself that there was a gap.
  it('gives by position also what came for a room while it was not taken, and its place in the queue back', async () => {
    const { push, requests, answers, finished, lettingGo, lane } = setUp(3, 300);
    const call = held();
    answers.push(() => call.answer().then(() => ({ failed: [1] })));
    push(1, 1);
    await settle();
    push(1, 2, { body: `{${'x'.repeat(149)}` });
    push(2, 1, { body: '{' });
    call.release();
    await settle();
    expect(requests[1]?.entries.map(({ roomId, seq }) => [roomId, seq])).toEqual([[2, 1]]);
    expect([finished, lettingGo, lane.size]).toEqual([['done 2-1'], ['1-1', '1-2'], 2]);
    await vi.advanceTimersByTimeAsync(50);
    await settle();
    expect(requests[2]).toMatchObject({ entries: [], upTo: [{ roomId: 1, seq: 2 }] });
    expect([finished, lane.size]).toEqual([['done 2-1', 'done 1-1', 'done 1-2'], 0]);
    // Were its bytes still counted, this would collapse.
    push(2, 2, { body: `{${'x'.repeat(199)}` });
    await settle();
    expect(requests[3]?.entries).toHaveLength(1);
  });

  it('asks for a room that comes behind while another one waits for its turn', async () => {
    const { push, requests, answers } = setUp(1);
    const failRoom = (roomId: number) => () => Promise.resolve({ failed: [roomId] });
    answers.push(failRoom(1), failRoom(1), failRoom(1), failRoom(1), failRoom(1));
    push(1, 1);
    await settle();
    for (const waitMs of [50, 50, 100, 200]) await vi.advanceTimersByTimeAsync(waitMs).then(settle);
    const before = requests.length;
    push(2, 1);
    push(2, 2);
    await settle();
    expect(requests.slice(before)).toMatchObject([{ upTo: [{ roomId: 2, seq: 2 }] }]);
    // It waits for the first one again, and no longer as before.
    expect(vi.getTimerCount()).toBe(1);
  });

  it('lets go of rooms that are behind when the gateway is gone', async () => {
    const { push, answers, finished, gateway, onGone, lane } = setUp();
    answers.push(() => Promise.resolve({ failed: [1] }), fail);
    gateway.gone = true;
    push(1, 1);
    await settle();
    expect(lane.size).toBe(1);
    await vi.advanceTimersByTimeAsync(50);
    await settle();
    expect(finished).toEqual(['done 1-1']);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(lane.size).toBe(0);
  });
});
