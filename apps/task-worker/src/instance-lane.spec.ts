import type { connectRpc, RpcRequest } from '@parley/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InstanceLane, type LanePort } from './instance-lane.js';
import { item } from './testing/stream-items.js';

type Request = RpcRequest<typeof connectRpc.deliver>;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

function setUp(maxJobs = 100) {
  const requests: Request[] = [];
  const finished: string[] = [];
  const answers: (() => Promise<readonly number[]>)[] = [];
  const gateway = { gone: false, underWay: 0, mostUnderWay: 0 };
  const port: LanePort = {
    deliver: async (request) => {
      requests.push(request);
      gateway.mostUnderWay = Math.max(gateway.mostUnderWay, ++gateway.underWay);
      try {
        return await (answers.shift() ?? (() => Promise.resolve([])))();
      } finally {
        gateway.underWay--;
      }
    },
    isGone: () => Promise.resolve(gateway.gone),
    onError: vi.fn(),
  };
  const onGone = vi.fn();
  const lane = new InstanceLane(port, maxJobs, onGone);
  const push = (...args: Parameters<typeof item>) => {
    const pushed = item(...args);
    lane.push({
      item: pushed,
      done: () => finished.push(`done ${pushed.streamId}`),
      stale: () => finished.push(`stale ${pushed.streamId}`),
    });
  };
  const seqs = () => requests.map(({ entries }) => entries.map(({ seq }) => seq));
  return { lane, push, port, onGone, requests, seqs, finished, answers, gateway };
}

const fail = () => Promise.reject(new Error('no answer'));

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** An answer that comes when it is let go. */
function held() {
  let release: () => void = () => undefined;
  const answer = new Promise<readonly number[]>((resolve) => (release = () => resolve([])));
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
    answers.push(() => Promise.resolve([2]));
    push(1, 1);
    push(2, 1);
    push(12, 1);
    await settle();
    expect(finished).toEqual(['done 1-1', 'stale 2-1', 'stale 12-1']);
  });

  it('collapses a queue that grew too long to positions, and finishes every job of it', async () => {
    const { push, requests, answers, finished } = setUp(3);
    const { answer, release } = held();
    answers.push(answer);
    push(1, 1);
    await settle();
    for (const seq of [2, 3]) push(1, seq);
    for (const seq of [4, 5]) push(2, seq, { recipients: [8, 9] });
    release();
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
    });
    expect(finished).toHaveLength(5);
  });

  it('does not collapse a queue at its bound', async () => {
    const { push, seqs } = setUp(3);
    for (const seq of [1, 2, 3]) push(1, seq);
    await settle();
    expect(seqs()).toEqual([[1, 2, 3]]);
  });
});
