import { setTracer, type TraceSpan } from '@parley/observability';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DeliveryTraces } from './delivery-traces.js';

interface Made {
  readonly parent: string;
  readonly seq: unknown;
  ended?: unknown;
}

let made: Made[] = [];
beforeEach(() => {
  made = [];
  setTracer({
    root: () => undefined,
    child: (_name, _kind, parent, attributes): TraceSpan => {
      const span: Made = { parent, seq: attributes?.['parley.seq'] };
      made.push(span);
      return {
        traceparent: parent,
        get isOver() {
          return 'ended' in span;
        },
        end: (error, more) => void (span.ended ??= error ?? more?.['parley.members']),
      };
    },
  });
});
afterEach(() => setTracer(undefined));

it('end when their message has been written, and not before', () => {
  const traces = new DeliveryTraces();
  traces.begin(7, 3, 'a');
  traces.begin(7, 5, 'b');
  traces.begin(8, 3, 'c');
  traces.delivered(7, 4, 2);
  expect(made.map(({ ended }) => ended)).toEqual([2, undefined, undefined]);
  traces.delivered(9, 9, 1);
  traces.delivered(7, 5, 1);
  traces.delivered(8, 3, 0);
  expect(made.map(({ ended }) => ended)).toEqual([2, 1, 0]);
});

it('are one, although a message was heard of and handed over', () => {
  const traces = new DeliveryTraces();
  for (let i = 0; i < 2; i++) traces.begin(7, 3, 'a');
  expect(made).toHaveLength(1);
});

it('are let go of when there are too many: a room may have been closed', () => {
  const traces = new DeliveryTraces();
  for (let seq = 1; seq <= 1_001; seq++) traces.begin(7, seq, 'a');
  expect(made.filter(({ ended }) => ended === 'let go')).toHaveLength(1_000);
  traces.delivered(7, 1_001, 4);
  expect(made.at(-1)?.ended).toBe(4);
});

it('are none while tracing is off', () => {
  setTracer(undefined);
  const traces = new DeliveryTraces();
  traces.begin(7, 3, 'a');
  traces.delivered(7, 3, 1);
  expect(made).toEqual([]);
});
