import { runInSpan, setTracer, type TraceSpan } from '@parley/observability';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakePort, ids, toRoom, turn } from './publish-coalescer.fixture.js';
import { PublishCoalescer } from './publish-coalescer.js';

const spanOf = (traceparent: string): TraceSpan => ({ traceparent, isOver: false, end: () => undefined });

describe('sends that are traced', () => {
  beforeEach(() => setTracer({ root: () => undefined, child: () => undefined }));
  afterEach(() => setTracer(undefined));

  it('say each for itself what they are part of, and their call is of the first of them', async () => {
    const { calls, port } = fakePort(() => 'logic-1');
    const coalescer = new PublishCoalescer(port);
    const publish = (id: string) => void coalescer.publish(toRoom(1, id));
    publish('a');
    runInSpan(spanOf('t1'), () => publish('b'));
    runInSpan(spanOf('t2'), () => publish('c'));
    await turn();
    expect(calls.map(ids)).toEqual([['a', 'b', 'c']]);
    expect(calls[0]?.sends.map(({ traceparent }) => traceparent)).toEqual([undefined, 't1', 't2']);
    expect(calls[0]?.options.traceparent).toBe('t1');
  });

  it('are not mixed up with those whose turn comes from their answer', async () => {
    const { calls, port } = fakePort();
    const coalescer = new PublishCoalescer(port);
    runInSpan(spanOf('t1'), () => void coalescer.publish(toRoom(1, 'a')));
    await turn();
    void coalescer.publish(toRoom(1, 'b'));
    calls[0]?.answer();
    await turn();
    expect(ids(calls[1])).toEqual(['b']);
    // The call is made in what the first send was made in.
    expect(calls[1]?.options.traceparent).toBe('');
    expect(calls[1]?.sends[0]).not.toHaveProperty('traceparent');
  });

  it('tell how long an acknowledgement took, and nothing of a refusal', async () => {
    const { calls, port } = fakePort();
    const told: number[] = [];
    const coalescer = new PublishCoalescer(port, {}, (seconds) => void told.push(seconds));
    const sends = ['a', 'b'].map((id, i) => coalescer.publish(toRoom(i + 1, id)));
    await turn();
    calls[0]?.answer();
    calls[1]?.fail(new Error('no'));
    await Promise.allSettled(sends);
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThanOrEqual(0);
  });
});
