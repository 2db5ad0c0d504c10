import type { Send, SendResult } from '@parley/contracts';
import { MetricsRegistry, runInSpan, setTracer, type TraceSpan } from '@parley/observability';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AcceptSpans } from './accept-spans.js';
import { PublishMetrics } from './publish-metrics.js';

const trace = (digit: string) => `00-${digit.repeat(32)}-${'1'.repeat(16)}-01`;
const send = (traceparent?: string): Send => ({
  from: { userId: 1, userName: 'ann' },
  roomId: 7,
  text: 'hi',
  clientMsgId: 'id',
  ...(traceparent !== undefined && { traceparent }),
});
const ack = { roomId: 7, seq: 3, epoch: 'e1', id: 'id', clientMsgId: 'c', sentAt: 1 };
const results: SendResult[] = [
  { ok: true, ack: { ...ack, duplicate: false } },
  { ok: false, code: 'RATE_LIMITED' },
  { ok: false, code: 'UNAVAILABLE', apart: true },
  { ok: true, ack: { ...ack, duplicate: true } },
];

let ended: string[] = [];
beforeEach(() => {
  ended = [];
  setTracer({
    root: () => undefined,
    child: (name, _kind, parent): TraceSpan => ({
      traceparent: `${parent}/${name}`,
      isOver: false,
      end: (error, more) => void ended.push(`${parent.slice(3, 5)} ${error ?? JSON.stringify(more)}`),
    }),
  });
});
afterEach(() => setTracer(undefined));

it('are none while no send is traced, or tracing is off', () => {
  expect(AcceptSpans.of([send(), send()])).toBeUndefined();
  setTracer(undefined);
  expect(AcceptSpans.of([send(trace('a'))])).toBeUndefined();
});

it('are parts of what each send came with, and of the call where that is of the same trace', () => {
  const call: TraceSpan = {
    traceparent: trace('a').replace('1111', '2222'),
    isOver: false,
    end: () => undefined,
  };
  const spans = runInSpan(call, () => AcceptSpans.of([send(trace('a')), send(), send(trace('b'))]));
  expect([0, 1, 2].map((i) => spans?.traceparentOf(i))).toEqual([
    `${call.traceparent}/accept`,
    undefined,
    `${trace('b')}/accept`,
  ]);
});

it('end with what became of their send: ids and codes', () => {
  const spans = AcceptSpans.of(['a', 'b', 'c', 'd'].map((digit) => send(trace(digit))));
  spans?.end(results);
  expect(ended).toEqual([
    'aa {"parley.room":7,"parley.seq":3,"parley.duplicate":false}',
    'bb RATE_LIMITED',
    'cc {"parley.given_back":true}',
    'dd {"parley.room":7,"parley.seq":3,"parley.duplicate":true}',
  ]);
});

it('sends are counted by what became of them; what is given back is counted when it comes again', async () => {
  const registry = new MetricsRegistry();
  const metrics = new PublishMetrics(registry);
  metrics.published(results, 20);
  metrics.published(results.slice(1), 20);
  const text = await registry.metrics();
  for (const line of [
    'parley_sends_total{outcome="accepted"} 1',
    'parley_sends_total{outcome="duplicate"} 2',
    'parley_sends_total{outcome="RATE_LIMITED"} 2',
    'parley_accept_seconds_count 1',
  ])
    expect(text).toContain(line);
  expect(text).not.toContain('outcome="UNAVAILABLE"');
});
