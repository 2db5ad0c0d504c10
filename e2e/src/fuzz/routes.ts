import { isErrorCode } from '@parley/protocol';
import { fuzzSeed } from '@parley/testing';
import fc from 'fast-check';
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { startTimes } from '../start-times.js';

/** Few, for what they cost; each seed has others, and `FUZZ_SEED` chooses one. */
const CASES = 2_000;
const AT_ONCE = 40;
const HANG_MS = 20_000;

/** What of OpenAPI says how a route is called. */
interface Operation {
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema?: { readonly properties?: Readonly<Record<string, unknown>> } }>
    >;
  };
}
interface Route {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: readonly string[] | undefined;
}
interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** Every documented route but those that make, or end, a session with a password: each of these costs a tenth of a second. */
const routesOf = (paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>): Route[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { tags, parameters = [], requestBody }]) => {
      if (tags?.includes('gochat') || /\/(login|register|logout)$/.test(path)) return [];
      const schema = requestBody && Object.values(requestBody.content)[0]?.schema;
      const query = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
      return [
        {
          method: method.toUpperCase(),
          path,
          query,
          body: requestBody && Object.keys(schema?.properties ?? {}),
        },
      ];
    }),
  );

/** Texts that something breaks on now and then. */
const oddTexts = [
  ...[
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\u200b',
    '\u202e',
    'ａｄａ',
    '%',
    '%00',
    '..',
    '__proto__',
    'null',
    '-1',
    '1e9',
  ],
  ...[
    '9007199254740993',
    '01900000-0000-7000-8000-000000000001',
    'x'.repeat(20),
    'x'.repeat(64),
    'x'.repeat(10_000),
  ],
  ...[
    'ABC234',
    'abc-234',
    '０',
    '🎓'.repeat(32),
    'guest',
    'member',
    'owner',
    'end',
    'open sesame',
    "'; DROP TABLE rooms; --",
  ],
];
const oddNumbers = [0, -0, -1, 0.5, 1, 100, 101, 200, 1e20, 2 ** 31, 2 ** 53, 8_640_000_000_000_001];

/** Anything in every place of a call; `known`: what is really there, by the names of the places. */
function callOf(
  routes: readonly Route[],
  known: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<Call> {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(...oddTexts, ...oddNumbers, true, false, null, [], {}),
    fc.string({ unit: 'binary' }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const valueOf = (name: string): fc.Arbitrary<unknown> => {
    const right = known[name];
    return right ? fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...right) }, odd) : odd;
  };
  const inAddress = (value: unknown) =>
    // Half of a pair cannot be encoded.
    encodeURIComponent(
      (typeof value === 'string' ? value : String(JSON.stringify(value))).replace(
        /\p{Surrogate}/gu,
        '\ufffd',
      ),
    );
  return fc.constantFrom(...routes).chain(({ method, path, query, body }) => {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    const some = (of: readonly string[]) =>
      fc.record(Object.fromEntries(of.map((name) => [name, valueOf(name)])), { requiredKeys: [] });
    const whole = fc.record(Object.fromEntries(names.map((name) => [name, valueOf(name)])));
    const bodies = fc
      .oneof({ weight: 6, arbitrary: some(body ?? []) }, odd)
      .map((value) => JSON.stringify(value));
    return fc
      .record({ whole, asked: some(query), sent: fc.oneof({ weight: 9, arbitrary: bodies }, fc.string()) })
      .map(({ whole: place, asked, sent }) => {
        const search = Object.entries(asked).map(([name, value]) => `${name}=${inAddress(value)}`);
        const to = path.replace(/\{(\w+)\}/g, (_, name: string) => inAddress(place[name]) || '%20');
        return {
          method,
          path: search.length > 0 ? `${to}?${search.join('&')}` : to,
          body: body === undefined ? undefined : sent,
        };
      });
  });
}

/** Every route, with anything in its address, its query and its body: as a host, a guest, somebody else and nobody. */
export const routes = (running: () => Stack) =>
  describe('routes', { timeout: 180_000 }, () => {
    let stack: Stack;
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const seed = fuzzSeed();
    beforeAll(() => {
      stack = running();
    });
    afterAll(() => agent.destroy());

    const send = ({ method, path, body }: Call, token: string | undefined) =>
      new Promise<{ status: number; text: string; type: string }>((resolve, reject) => {
        const headers = {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        };
        request(`${stack.apiUrl}${path}`, { method, agent, headers, timeout: HANG_MS }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          const type = String(response.headers['content-type'] ?? '');
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text, type }));
        })
          .on('timeout', () => reject(new Error(`hangs (seed ${seed}): ${method} ${path} ${body}`)))
          .on('error', reject)
          .end(body);
      });

    it(`answer ${CASES} calls with anything in them as the catalogue says, or do what is asked`, async () => {
      const document = (await (await fetch(`${stack.apiUrl}/docs-json`)).json()) as {
        paths: Parameters<typeof routesOf>[0];
      };
      const all = routesOf(document.paths);
      for (const path of [
        '/v1/guests',
        '/v1/invitation',
        '/v1/rooms/join',
        '/v1/rooms/{id}/door',
        '/v1/rooms/{id}/door/log',
      ])
        expect(all.map((route) => route.path)).toContain(path);
      const host = await stack.login('demo2');
      const api = stack.api(host);
      const { roomId } = await api.createRoom('fuzzed');
      const hidden = await stack.api(await stack.login('demo3')).createRoom('not his', { listed: false });
      const { code } = await api.changeDoor(roomId, { listed: false, password: 'open sesame', code: true });
      const invite = await api.createInvite(roomId);
      const guest = await stack.api().enterAsGuest(invite.token, 'Ada');
      const { seq } = await api.send(roomId, 'hello');
      const known = {
        id: [roomId, roomId, roomId, hidden.roomId],
        userId: [guest.user.userId, guest.user.userId, 3, 999],
        seq: [seq],
        inviteId: [invite.inviteId],
        invite: [invite.token],
        code: [code],
        name: ['Ada', 'Bob'],
        msg: ['hello'],
        limit: ['1', '100'],
      };
      const started = startTimes(stack.apps);
      const calls = fc.sample(callOf(all, known), { numRuns: CASES, seed });
      const tokens = [host, host, guest.token, await stack.login('demo1'), undefined];
      const faults: unknown[] = [];
      const answered = new Map<string, number>();
      let turn = 0;
      const queue = calls[Symbol.iterator]();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const call of { [Symbol.iterator]: () => queue }) {
            const { status, text, type } = await send(call, tokens[turn++ % tokens.length]);
            const outcome = status < 400 ? 'done' : codeIn(text);
            answered.set(String(outcome), (answered.get(String(outcome)) ?? 0) + 1);
            const isTyped = status < 400 || (type.includes('problem+json') && isErrorCode(outcome));
            if (status >= 500 || !isTyped) faults.push({ seed, call, status, text: text.slice(0, 300) });
          }
        }),
      );
      expect(faults.slice(0, 10)).toEqual([]);
      // It has got further than the first look: most kinds of refusal are among the answers, and much was done.
      expect([...answered.keys()]).toEqual(
        expect.arrayContaining(['done', 'INVALID', 'FORBIDDEN', 'UNAUTHENTICATED', 'ROOM_NOT_FOUND']),
      );
      expect(answered.get('done')).toBeGreaterThan(CASES / 50);
      expect(startTimes(stack.apps)).toEqual(started);
      expect(stack.logs()).not.toMatch(/unhandledRejection|uncaughtException|"level":60/);
    });
  });

function codeIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { code?: unknown }).code;
  } catch {
    return undefined;
  }
}
