import { rpcContract } from '@parley/contracts';
import { setTracer, type TraceSpan } from '@parley/observability';
import { AppError } from '@parley/protocol';
import type { Instance, Registry } from '@parley/registry';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { NotBegun, type DirectCall, type DirectRedisClient } from './direct-redis-client.js';
import { RpcClient } from './rpc-client.js';
import { refusal } from './rpc.fixture.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const base = {
  service: 'logic' as const,
  request: z.object({ n: z.number() }),
  response: z.object({ by: z.string() }),
  deadlineMs: 1_000,
};
const read = rpcContract({ ...base, pattern: 'logic.read', idempotent: true });
const write = rpcContract({ ...base, pattern: 'logic.write', idempotent: false });
const page = rpcContract({
  ...base,
  pattern: 'logic.page',
  idempotent: false,
  replyBytes: ({ n }) => n * 10,
});

type Answer = 'ok' | 'silence' | 'lie' | 'nobody there' | AppError['code'];

function replyOf(answer: Answer, by: string): Promise<unknown> {
  if (answer === 'silence') return new Promise(() => undefined);
  if (answer === 'ok') return Promise.resolve({ by, more: 1 });
  if (answer === 'nobody there') return Promise.reject(new NotBegun({ instanceId: by }));
  return answer === 'lie' ? Promise.resolve({ by: 5 }) : Promise.reject({ code: answer } as unknown as Error);
}

/** Callees that answer as they are told, who was called, and what was not waited for any more. */
function world(states: Record<string, Instance['state']>, answers: Record<string, Answer> = {}) {
  const calls: { instanceId: string; pattern: string; call: DirectCall; atMs: number }[] = [];
  const givenUp: unknown[] = [];
  const ended: string[] = [];
  const startedMs = performance.now();
  const client = {
    isFull: false,
    connect: vi.fn(async () => undefined),
    close: vi.fn(async () => undefined),
    ask: (pattern: string, call: DirectCall): ReturnType<DirectRedisClient['ask']> => {
      const { instanceId } = call;
      calls.push({ instanceId, pattern, call, atMs: performance.now() - startedMs });
      const answer = answers[instanceId] ?? 'ok';
      return { reply: replyOf(answer, instanceId), giveUp: () => void givenUp.push(call.data) };
    },
  };
  // Both services have the same ones.
  const list = (service: string) =>
    Object.entries(states).map(([instanceId, state]) => ({ instanceId, state, service }) as Instance);
  const comes: Record<string, Instance['state']> = {};
  const refresh = vi.fn(async (service: string) => {
    Object.assign(states, comes);
    return list(service);
  });
  const registry = { list, refresh } as unknown as Registry;
  let correlationId: string | undefined = 'c-1';
  const rpc = new RpcClient(
    client as unknown as DirectRedisClient,
    registry,
    () => correlationId,
    (method, _seconds, outcome) => void ended.push(`${method} ${outcome}`),
  );
  return {
    ...{ rpc, client, calls, answers, states, givenUp, ended, comes, refresh },
    called: () => calls.splice(0).map(({ instanceId }) => instanceId),
    withoutCorrelation: () => (correlationId = undefined),
  };
}

describe('a service of which nobody is known', () => {
  it('is looked for once more: who has just come is called, also when those who are known are gone', async () => {
    const none = world({});
    none.comes['a'] = 'ready';
    await none.rpc.call(write, { n: 1 });
    expect(none.called()).toEqual(['a']);
    const gone = world({ a: 'ready' }, { a: 'nobody there' });
    gone.comes['b'] = 'ready';
    await gone.rpc.call(write, { n: 1 });
    expect(gone.called()).toEqual(['a', 'b']);
  });

  it('is read once for all who ask at the same time, and at most every quarter of a second', async () => {
    const { rpc, refresh } = world({});
    const ask = () => Promise.all([1, 2, 3].map(async (n) => (await refusal(rpc.call(read, { n }))).code));
    expect(await ask()).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
    await ask();
    expect(refresh).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(250);
    await ask();
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it('is given up when its list cannot be read, or is not in half a second', async () => {
    const { rpc, refresh } = world({});
    refresh.mockRejectedValueOnce(new Error('Redis is away'));
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('UNAVAILABLE');
    await vi.advanceTimersByTimeAsync(250);
    refresh.mockReturnValueOnce(new Promise(() => undefined));
    const asked = refusal(rpc.call(read, { n: 1 }));
    await vi.advanceTimersByTimeAsync(500);
    expect((await asked).code).toBe('UNAVAILABLE');
  });

  it('is not looked for where the callee is named', async () => {
    const { rpc, refresh } = world({}, { a: 'nobody there' });
    await refusal(rpc.call(read, { n: 1 }, { target: 'a' }));
    expect(refresh).not.toHaveBeenCalled();
  });
});

describe('who is called', () => {
  it('is a ready instance, in turn; never one that drains or starts beside it, with or without a key', async () => {
    const { rpc, called } = world({ a: 'draining', b: 'ready', c: 'starting', d: 'ready' });
    for (let n = 0; n < 4; n++) await rpc.call(read, { n });
    expect(called()).toEqual(['b', 'd', 'b', 'd']);
    for (let key = 0; key < 20; key++) await rpc.call(read, { n: 1 }, { key });
    expect(new Set(called())).toEqual(new Set(['b', 'd']));
  });

  it('is one that drains when there is no other: it still answers until it is gone', async () => {
    const { rpc, states } = world({ a: 'draining', b: 'starting' });
    expect(await rpc.call(write, { n: 1 })).toEqual({ by: 'a' });
    expect(await rpc.call(write, { n: 1 }, { key: 7 })).toEqual({ by: 'a' });
    states['b'] = 'ready';
    expect(await rpc.call(write, { n: 1 })).toEqual({ by: 'b' });
  });

  it('is nobody while all of them start, or there is none', async () => {
    const { rpc, states, called } = world({ a: 'starting' });
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('UNAVAILABLE');
    delete states['a'];
    const error = await refusal(rpc.call(read, { n: 1 }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', context: { service: 'logic' } });
    expect(called()).toEqual([]);
  });

  it('is the target, whatever its state, known or not', async () => {
    const { rpc } = world({ a: 'draining', b: 'ready' });
    for (const target of ['a', 'b', 'unheard-of'])
      expect(await rpc.call(read, { n: 1 }, { target })).toEqual({ by: target });
  });

  it('takes turns in each service by itself, and keeps to one instance by key', async () => {
    const { rpc, called } = world({ a: 'ready', b: 'ready' });
    const other = rpcContract({
      ...base,
      service: 'task-worker',
      pattern: 'task-worker.read',
      idempotent: true,
    });
    await rpc.call(read, { n: 1 });
    await rpc.call(other, { n: 1 });
    await rpc.call(read, { n: 1 });
    expect(called()).toEqual(['a', 'a', 'b']);
    for (let n = 0; n < 5; n++) await rpc.call(read, { n }, { key: 'room-0' });
    expect(new Set(called()).size).toBe(1);
    for (let key = 0; key < 20; key++) await rpc.call(read, { n: 1 }, { key });
    expect(new Set(called()).size).toBe(2);
  });
});

describe('a call to an instance that is gone, silent or busy', () => {
  it.each(['UNAVAILABLE', 'OVERLOADED'] as const)(
    'answered %s goes to another one when it is idempotent, and only then',
    async (answer) => {
      const { rpc, called } = world({ a: 'ready', b: 'ready' }, { a: answer });
      expect(await rpc.call(read, { n: 1 })).toEqual({ by: 'b' });
      expect(called()).toEqual(['a', 'b']);
      const writes = await Promise.allSettled([1, 2].map((n) => rpc.call(write, { n })));
      expect(writes).toContainEqual({ status: 'fulfilled', value: { by: 'b' } });
      expect(writes).toContainEqual({
        status: 'rejected',
        reason: expect.objectContaining({ code: answer }),
      });
      expect(called().sort()).toEqual(['a', 'b']);
      expect((await refusal(rpc.call(read, { n: 1 }, { target: 'a' }))).code).toBe(answer);
      expect(called()).toEqual(['a']);
    },
  );

  // Every second room that somebody made after a crash was refused until the crashed instance's lease ended.
  it('goes to another one when nobody was there to begin it, whatever it does; never elsewhere than to its target', async () => {
    const { rpc, called } = world({ a: 'ready', b: 'ready' }, { a: 'nobody there' });
    for (let n = 0; n < 4; n++) expect(await rpc.call(write, { n })).toEqual({ by: 'b' });
    expect(called()).toEqual(expect.arrayContaining(['a', 'b']));
    expect((await refusal(rpc.call(write, { n: 1 }, { target: 'a' }))).code).toBe('UNAVAILABLE');
    expect(called()).toEqual(['a']);
  });

  // After a restart of everything half of those in the list are gone, and the second try met one as well.
  it('goes on until somebody is there, and to each once', async () => {
    const states = { a: 'ready', b: 'ready', c: 'ready', d: 'ready' } as const;
    const gone = { a: 'nobody there', b: 'nobody there', c: 'nobody there' } as const;
    const some = world(states, gone);
    for (const contract of [read, write])
      expect(await some.rpc.call(contract, { n: 1 })).toEqual({ by: 'd' });
    const none = world(states, { ...gone, d: 'nobody there' });
    expect((await refusal(none.rpc.call(write, { n: 1 }))).code).toBe('UNAVAILABLE');
    expect(none.called().sort()).toEqual(['a', 'b', 'c', 'd']);
    // An idempotent one is tried once more in the end, as ever.
    expect((await refusal(none.rpc.call(read, { n: 1 }))).code).toBe('UNAVAILABLE');
    expect(none.called()).toHaveLength(5);
  });

  it('that is refused takes nobody’s turn', async () => {
    const { rpc, called } = world({ a: 'ready', b: 'ready' }, { a: 'FORBIDDEN', b: 'FORBIDDEN' });
    for (let n = 0; n < 4; n++) expect((await refusal(rpc.call(read, { n }))).code).toBe('FORBIDDEN');
    expect(called()).toEqual(['a', 'b', 'a', 'b']);
  });

  it('ends where it is begun: an answer that is lost is not asked for elsewhere', async () => {
    const answers = { a: 'nobody there', b: 'UNAVAILABLE', c: 'UNAVAILABLE' } as const;
    const { rpc, called } = world({ a: 'ready', b: 'ready', c: 'ready' }, answers);
    expect((await refusal(rpc.call(write, { n: 1 }))).code).toBe('UNAVAILABLE');
    expect(called()).toHaveLength(2);
  });

  it('goes from a draining one that has just gone to the other, with its key too', async () => {
    const { rpc, called } = world({ a: 'draining', b: 'draining' }, { a: 'UNAVAILABLE' });
    for (let key = 0; key < 10; key++) expect(await rpc.call(read, { n: 1 }, { key })).toEqual({ by: 'b' });
    expect(called().filter((id) => id === 'a').length).toBeGreaterThan(0);
  });

  it('is tried there again when it is alone and was lost, not when it is busy', async () => {
    const { rpc, called, answers } = world({ a: 'ready' }, { a: 'UNAVAILABLE' });
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('UNAVAILABLE');
    expect(called()).toEqual(['a', 'a']);
    answers['a'] = 'OVERLOADED';
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('OVERLOADED');
    expect(called()).toEqual(['a']);
  });

  it('is not tried elsewhere while too many calls wait here', async () => {
    const { rpc, called, client } = world({ a: 'ready', b: 'ready' }, { a: 'OVERLOADED' });
    client.isFull = true;
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('OVERLOADED');
    expect(called()).toEqual(['a']);
  });

  it.each(['NOT_FOUND', 'INVALID', 'INTERNAL'] as const)('and answered %s is answered', async (answer) => {
    const { rpc, called } = world({ a: 'ready', b: 'ready' }, { a: answer });
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe(answer);
    expect(called()).toEqual(['a']);
  });

  it('fails with the second answer when that is no better', async () => {
    const { rpc, called } = world({ a: 'ready', b: 'ready' }, { a: 'UNAVAILABLE', b: 'OVERLOADED' });
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('OVERLOADED');
    expect(called()).toEqual(['a', 'b']);
  });
});

describe('a deadline', () => {
  it('leaves half of itself for the second try, which has all the rest', async () => {
    const { rpc, calls } = world({ a: 'ready', b: 'ready' }, { a: 'silence', b: 'silence' });
    const startedMs = performance.now();
    let endedMs = Infinity;
    const error = refusal(rpc.call(read, { n: 1 })).finally(() => (endedMs = performance.now() - startedMs));
    await vi.advanceTimersByTimeAsync(499);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.map(({ instanceId, atMs }) => [instanceId, atMs])).toEqual([
      ['a', 0],
      ['b', 500],
    ]);
    // Both are told when the caller stops waiting at last.
    for (const { call } of calls) expect(call.endsAtMs).toBe(startedMs + 1_000);
    await vi.advanceTimersByTimeAsync(499);
    expect(endedMs).toBe(Infinity);
    await vi.advanceTimersByTimeAsync(1);
    expect(await error).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      context: { service: 'logic', instanceId: 'b', pattern: 'logic.read' },
    });
    expect(endedMs).toBe(1_000);
  });

  it.each([
    ['of what may not be repeated', write, {}],
    ['of what has a target', read, { target: 'a' }],
  ] as const)('%s is for one try', async (_what, contract, options) => {
    const { rpc, calls, givenUp } = world({ a: 'ready', b: 'ready' }, { a: 'silence' });
    const error = refusal(rpc.call(contract, { n: 1 }, { ...options, deadlineMs: 300 }));
    await vi.advanceTimersByTimeAsync(299);
    expect(await Promise.race([error, 'waiting'])).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect((await error).code).toBe('DEADLINE_EXCEEDED');
    expect(calls).toHaveLength(1);
    expect(givenUp).toEqual([{ n: 1 }]);
  });

  it('that is over leaves nothing for a second try', async () => {
    const { rpc, client } = world({ a: 'ready', b: 'ready' });
    const ask = vi.fn(() => {
      vi.advanceTimersByTime(1_000);
      return { reply: replyOf('UNAVAILABLE', 'a'), giveUp: () => undefined };
    });
    client.ask = ask;
    expect((await refusal(rpc.call(read, { n: 1 }))).code).toBe('UNAVAILABLE');
    expect(ask).toHaveBeenCalledOnce();
  });
});

describe('what is sent and answered', () => {
  it('is the request with its correlation id and the bytes that its reply may have', async () => {
    const { rpc, calls, withoutCorrelation } = world({ a: 'ready' });
    await rpc.call(page, { n: 3 });
    withoutCorrelation();
    await rpc.call(write, { n: 4 });
    expect(calls.map(({ pattern, call }) => [pattern, call])).toMatchObject([
      ['logic.page', { service: 'logic', data: { n: 3 }, replyBytes: 30, correlationId: 'c-1' }],
      ['logic.write', { service: 'logic', data: { n: 4 }, replyBytes: 0, correlationId: undefined }],
    ]);
  });

  it('is what the contract says: anything more is taken off, anything else is INTERNAL', async () => {
    const { rpc, called } = world({ a: 'ready', b: 'ready' }, { b: 'lie' });
    expect(await rpc.call(read, { n: 1 })).toEqual({ by: 'a' });
    const error = await refusal(rpc.call(read, { n: 1 }));
    expect(error).toMatchObject({ code: 'INTERNAL', context: { pattern: 'logic.read' } });
    expect(called()).toEqual(['a', 'b']);
  });

  it('begins when the app has started, and ends with it', async () => {
    const { rpc, client } = world({});
    await rpc.onApplicationBootstrap();
    expect(client.connect).toHaveBeenCalledTimes(1);
    expect(client.close).not.toHaveBeenCalled();
    await rpc.onApplicationShutdown();
    expect(client.close).toHaveBeenCalledTimes(1);
  });
});

describe('what is told of a call', () => {
  it('is how it ended, once, however often it was tried', async () => {
    const { rpc, ended } = world({ a: 'ready', b: 'ready' }, { a: 'UNAVAILABLE' });
    await rpc.call(read, { n: 1 });
    await rpc.call(read, { n: 1 });
    await expect(rpc.call(write, { n: 1 }, { target: 'a' })).rejects.toThrow();
    expect(ended).toEqual(['logic.read ok', 'logic.read ok', 'logic.write UNAVAILABLE']);
  });

  it('is that nobody is there to be called', async () => {
    const { rpc, ended } = world({});
    await expect(rpc.call(read, { n: 1 })).rejects.toThrow();
    expect(ended).toEqual(['logic.read UNAVAILABLE']);
  });
});

describe('a call in a trace', () => {
  const spans: string[] = [];
  const traced = () => {
    spans.length = 0;
    setTracer({
      root: () => undefined,
      child: (name, kind, parent): TraceSpan => ({
        traceparent: `${parent}/${name}`,
        isOver: false,
        end: (error) => void spans.push([parent, name, kind, error ?? 'ok'].join(' ')),
      }),
    });
    onTestFinished(() => setTracer(undefined));
  };

  it('is a span, and takes its name along to every instance that is tried', async () => {
    traced();
    const { rpc, calls } = world({ a: 'ready', b: 'ready' }, { a: 'UNAVAILABLE', b: 'UNAVAILABLE' });
    await expect(rpc.call(read, { n: 1 }, { traceparent: 'p' })).rejects.toThrow();
    expect(calls.map(({ call }) => call.traceparent)).toEqual(['p/logic.read', 'p/logic.read']);
    expect(spans).toEqual(['p logic.read client UNAVAILABLE']);
  });

  it.each([undefined, ''])(
    'is none when it is part of nothing (%j), or tracing is off',
    async (traceparent) => {
      traced();
      const { rpc, calls } = world({ a: 'ready' });
      await rpc.call(read, { n: 1 }, traceparent === undefined ? {} : { traceparent });
      setTracer(undefined);
      await rpc.call(read, { n: 1 }, { traceparent: 'p' });
      expect(calls.map(({ call }) => 'traceparent' in call)).toEqual([false, false]);
      expect(spans).toEqual([]);
    },
  );
});
