import { eventually } from '@parley/testing';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from './stack.js';
import { World } from './world.js';

interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string }[];
}
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

/** Takes spans, as a collector does. */
class Collector {
  readonly spans: Span[] = [];
  /** All that was sent, as it came. */
  received = '';

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      let text = '';
      request.on('data', (part) => (text += part));
      request.on('end', () => {
        this.received += text;
        for (const { resource, scopeSpans } of (JSON.parse(text) as Export).resourceSpans) {
          const named = resource.attributes.find(({ key }) => key === 'service.name');
          const service = String(named?.value.stringValue);
          for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, service })));
        }
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
  }

  static async start(): Promise<Collector> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new Collector(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/traces`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** From the outermost span down to each of this name in the traces that begin with `root`: `service name`. */
  paths(root: string, name: string): string[] {
    const byId = new Map(this.spans.map((span) => [span.spanId, span]));
    const path = (span: Span): string => {
      const parent = byId.get(span.parentSpanId ?? '');
      return `${parent ? `${path(parent)} > ` : ''}${span.service} ${span.name}`;
    };
    return this.spans
      .filter((span) => span.name === name)
      .map(path)
      .filter((text) => text.includes(root));
  }
}

const body = 'a text that nobody but its readers may see';

describe('a send that is traced', { timeout: 60_000 }, () => {
  let collector: Collector;
  let stack: Stack;
  let world: World;
  let roomId: number;

  beforeAll(async () => {
    collector = await Collector.start();
    stack = await Stack.start({ env: { PARLEY_TRACE_URL: collector.url, PARLEY_TRACE_ONE_IN: '1' } });
    world = await World.on(stack);
    roomId = await world.room('traced');
  });
  afterAll(async () => {
    await stack?.stop();
    collector?.stop();
  });

  const rest = ' > logic logic.publishMany > logic accept > ';
  async function expectAll(root: string, edge: string): Promise<void> {
    const call = `${root} > ${edge} logic.publishMany${rest}`;
    await eventually(
      () => {
        // Nothing else is outermost: one connected trace.
        for (const [service, what] of [
          ['connect-gateway', 'deliver'],
          ['task-worker', 'dispatch'],
          ['task-worker', 'archive'],
        ])
          expect(collector.paths(root, String(what))).toContain(`${call}${service} ${what}`);
      },
      { timeoutMs: 20_000 },
    );
  }

  it('over HTTP is one trace, from the request to the members of each gateway, the worker and SQL', async () => {
    const members = await Promise.all(['ws0', 'tcp1'].map((at) => world.member(1, roomId, at)));
    await stack.api(world.tokens[0]).send(roomId, body);
    for (const member of members) await member.waitFor(({ op, msg }) => op === 3 && msg === body);
    await expectAll('gateway-api POST /v1/rooms/:id/messages', 'gateway-api');
    const delivered = collector.paths('gateway-api POST', 'deliver');
    await eventually(() => expect(collector.paths('gateway-api POST', 'deliver')).toHaveLength(2));
    expect(new Set(delivered).size).toBe(1);
    for (const member of members) member.close();
  });

  it.each(['ws0', 'tcp1'])('in a frame (%s) likewise', async (at) => {
    const sender = await world.member(0, roomId, at);
    const reader = await world.member(1, roomId, 'ws1');
    sender.send({ op: 3, roomId, msg: body, clientMsgId: `traced-${at}` });
    await reader.waitFor(({ clientMsgId }) => clientMsgId === `traced-${at}`);
    await expectAll('connect-gateway frame room', 'connect-gateway');
    sender.close();
    reader.close();
  });

  it('to one user likewise', async () => {
    const sender = await world.member(0, roomId, 'ws0');
    const reader = await world.member(1, roomId, 'tcp1');
    // The first opens the conversation; what comes then is heard of.
    for (const id of ['direct-1', 'direct-2']) {
      sender.send({ op: 2, toUserId: 4, msg: body, clientMsgId: id });
      await reader.waitFor(({ clientMsgId }) => clientMsgId === id);
    }
    await expectAll('connect-gateway frame direct', 'connect-gateway');
    sender.close();
    reader.close();
  });

  it('does not take a stranger at his word: his trace is not ours', async () => {
    const theirs = '0af7651916cd43dd8448eb211c80319c';
    const response = await fetch(`${stack.apiUrl}/v1/rooms`, {
      headers: {
        authorization: `Bearer ${world.tokens[0]}`,
        traceparent: `00-${theirs}-b7ad6b7169203331-01`,
      },
    });
    expect(response.status).toBe(200);
    await eventually(() => expect(collector.spans.some(({ name }) => name === 'GET /v1/rooms')).toBe(true));
    expect(collector.spans.some(({ traceId }) => traceId === theirs)).toBe(false);
  });

  it('has neither texts nor tokens, passwords, names or addresses in its spans', async () => {
    await stack.login('demo2');
    await eventually(() => expect(collector.received).toContain('POST /v1/login'));
    expect(collector.received).not.toContain(body);
    expect(collector.received).not.toContain('111111');
    for (const token of world.tokens) expect(collector.received).not.toContain(token);
    const keys = new Set(collector.spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    const known =
      /^http\.(request\.method|response\.status_code|route)$|^parley\.(duplicate|given_back|hinted|members|room|seq|transport)$/;
    expect([...keys].filter((key) => !known.test(key))).toEqual([]);
    expect(keys.size).toBeGreaterThan(5);
  });
});

it.each(['logic', 'task-worker', 'connect-gateway', 'gateway-api', 'web'])(
  'tracing that is off costs %s nothing: none of OpenTelemetry is loaded with it',
  (app) => {
    const built = readFileSync(resolve(import.meta.dirname, `../../apps/${app}/dist/main.js`), 'utf8');
    expect(built).toMatch(/import\("@opentelemetry\//);
    expect(built).not.toMatch(/(from|import)\s*"@opentelemetry\//);
  },
);
