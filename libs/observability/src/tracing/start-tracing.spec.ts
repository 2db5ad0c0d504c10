import { eventually } from '@parley/testing';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseTraceparent, startTracing } from './start-tracing.js';
import { currentTraceparent, runInSpan, tracer, traceIdOf } from './tracer.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status: { readonly code: number; readonly message?: string };
}

/** A collector that keeps what it is sent, and answers as it is told. */
async function collector(status = 200) {
  const spans: Span[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += part));
    request.on('end', () => {
      calls++;
      const body = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      spans.push(...body.resourceSpans.flatMap((of) => of.scopeSpans.flatMap((scope) => scope.spans)));
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return { url, spans, calls: () => calls };
}

async function tracing(url: string, oneIn = 1) {
  const onError = vi.fn();
  const stop = await startTracing({ url, oneIn, service: 'logic', instanceId: 'logic-1', onError });
  onTestFinished(stop);
  return { stop, onError };
}

it('is off, and says so, until it is started', () => {
  expect(tracer()).toBeUndefined();
  expect(currentTraceparent()).toBeUndefined();
});

describe('tracing', () => {
  it('hands over what belongs together, with its last spans when it ends', async () => {
    const { url, spans } = await collector();
    const { stop } = await tracing(url);
    const root = tracer()?.root('outer', 'server');
    const inner = root && tracer()?.child('inner', 'client', root.traceparent);
    inner?.end('UNAVAILABLE');
    inner?.end();
    root?.end();
    await stop();
    const [child, parent] = ['inner', 'outer'].map((name) => spans.find((span) => span.name === name));
    expect(child).toMatchObject({
      traceId: traceIdOf(root?.traceparent ?? ''),
      parentSpanId: parent?.spanId,
      status: { code: 2, message: 'UNAVAILABLE' },
    });
    expect(spans).toHaveLength(2);
    expect(tracer()).toBeUndefined();
  });

  it('follows a request through what it awaits, until it is answered', async () => {
    await tracing((await collector()).url);
    const span = tracer()?.root('request', 'server');
    if (!span) throw new Error('not traced');
    let later: () => string | undefined = () => undefined;
    await runInSpan(span, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(currentTraceparent()).toBe(span.traceparent);
      later = currentTraceparent;
      span.end();
      // What it has started goes on, and is no part of it any more.
      expect(later()).toBeUndefined();
    });
    expect(currentTraceparent()).toBeUndefined();
  });

  it('takes one in so many', async () => {
    await tracing((await collector()).url, 4);
    const random = vi.spyOn(Math, 'random');
    onTestFinished(() => void random.mockRestore());
    const isTraced = (chance: number) => {
      random.mockReturnValueOnce(chance);
      return tracer()?.root('request', 'server') !== undefined;
    };
    expect([0, 0.2499, 0.25, 0.99].map(isTraced)).toEqual([true, true, false, false]);
  });

  it('says why a collector takes nothing, and neither where it is nor what was sent', async () => {
    const { url, calls } = await collector(400);
    const { onError } = await tracing(url.replace('//', '//user:hunter2@'));
    tracer()?.root('a name', 'server')?.end();
    await eventually(() => expect(onError).toHaveBeenCalled());
    expect(calls()).toBeGreaterThan(0);
    const said = onError.mock.calls.map(([error]) => String(error)).join('\n');
    expect(said).toContain('spans were not taken');
    expect(said).not.toMatch(/hunter2|127\.0\.0\.1|a name/);
  });
});

describe('a traceparent', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const span = 'b7ad6b7169203331';

  it('names a span of a trace that is recorded', () => {
    expect(parseTraceparent(`00-${trace}-${span}-01`)).toMatchObject({ traceId: trace, spanId: span });
  });

  it.each([
    '',
    `00-${trace}-${span}-00`,
    `00-${trace}-${span}-01-more`,
    `ff-${trace}-${span}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace}-${span}`,
    `00-${trace}-${span}-01\n`,
    'x'.repeat(100_000),
  ])('is not: %.60j', (text) => expect(parseTraceparent(text)).toBeUndefined());
});
