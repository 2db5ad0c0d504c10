import { ParleyClient, webSocketTransport, type Transport } from '@parley/client';
import { tcpTransport } from '@parley/client/node';
import { eventually, makeAuthority, startRedis, type IssuedPair, type TestAuthority } from '@parley/testing';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:tls';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { jwtSecret, Stack } from './stack.js';
import { sharedBrowser, stopBrowser } from './web/shared-browser.js';

/** A member of the first room over a transport, and what became of its connection. */
interface Member {
  readonly client: ParleyClient;
  readonly texts: string[];
  readonly states: string[];
}

/** Everything that a Parley says goes through TLS: to people, between gateways, to Redis. */
describe('TLS everywhere', { timeout: 120_000 }, () => {
  let authority: TestAuthority;
  let first: IssuedPair;
  let stack: Stack;
  let browser: Browser;
  const members: Member[] = [];

  beforeAll(async () => {
    authority = await makeAuthority();
    first = await authority.issue();
    const redis = await startRedis({
      appendFsync: 'always',
      tls: authority.write('redis', await authority.issue({ hosts: ['localhost'] })),
    });
    const { certFile, keyFile } = authority.write('parley', first);
    stack = await Stack.start({
      web: true,
      redis,
      env: {
        PARLEY_REDIS_URL: `rediss://localhost:${redis.tlsPort}`,
        PARLEY_REDIS_CA_FILE: authority.caFile,
        PARLEY_TLS_CERT_FILE: certFile,
        PARLEY_TLS_KEY_FILE: keyFile,
      },
    });
    browser = await sharedBrowser();
  });
  afterAll(async () => {
    await Promise.all(members.map(({ client }) => client.close()));
    await stopBrowser();
    await stack?.stop();
    authority?.remove();
  });

  /** As any program would: with the authority, and no exception. */
  async function login(userName: string): Promise<string> {
    const asked = request(`${stack.apiUrl}/v1/login`, {
      method: 'POST',
      ca: authority.cert,
      agent: false,
      headers: { 'content-type': 'application/json' },
    });
    asked.end(JSON.stringify({ userName, password: '111111' }));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return (JSON.parse(text) as { token: string }).token;
  }
  async function me(port: number | undefined, token: string): Promise<number | undefined> {
    const headers = { authorization: `Bearer ${token}` };
    const asked = request(`https://127.0.0.1:${port}/v1/me`, { ca: authority.cert, agent: false, headers });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }
  /** The id of the key that a token is signed with. */
  const keyOf = (token: string): unknown =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: unknown }).kid;
  async function join(userName: string, transport: Transport): Promise<Member> {
    const token = await login(userName);
    const client = new ParleyClient({ transport, getToken: () => token });
    const member: Member = { client, texts: [], states: [] };
    members.push(member);
    client.on('message', ({ msg }) => member.texts.push(msg));
    client.on('state', ({ state }) => member.states.push(state));
    client.connect();
    await client.join(1);
    return member;
  }
  class TrustingWebSocket extends WebSocket {
    constructor(url: string) {
      super(url, { ca: authority.cert });
    }
  }
  async function visit(userName: string): Promise<Page> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-US' })).newPage();
    await page.goto(stack.webUrl);
    await page.getByTestId('login-name').fill(userName);
    await page.getByTestId('login-password').fill('111111');
    await page.getByTestId('login-submit').click();
    await page.locator('[data-testid=connection-state][data-state=online]').waitFor();
    return page;
  }
  const say = async (page: Page, text: string) => {
    await page.getByTestId('composer').fill(text);
    await page.getByTestId('composer').press('Enter');
  };
  const shows = (page: Page, text: string) =>
    page.getByTestId('message-text').filter({ hasText: text }).first().waitFor();
  /** What each port shows to whoever comes now. */
  const shown = () =>
    Promise.all(
      [
        stack.of('web')[0]?.ports['http'],
        stack.of('gateway-api')[0]?.ports['http'],
        ...stack.of('connect-gateway').flatMap(({ ports }) => [ports['ws'], ports['tcp']]),
      ].map(async (port) => {
        const socket = connect({ port: port ?? 0, host: '127.0.0.1', ca: authority.cert });
        await once(socket, 'secureConnect');
        const { fingerprint256 } = socket.getPeerCertificate();
        socket.destroy();
        return fingerprint256;
      }),
    );

  it('people talk over two gateways, in the browser, over WebSocket and TCP, and stay while the certificate is renewed', async () => {
    const page = await visit('demo');
    const sockets: string[] = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    const [overWs, overTcp] = await Promise.all([
      join('demo1', webSocketTransport(stack.gateway(0).wsUrl, { WebSocket: TrustingWebSocket })),
      join(
        'demo2',
        tcpTransport({ host: '127.0.0.1', port: stack.gateway(1).tcpPort }, { tls: { ca: authority.cert } }),
      ),
    ]);
    const everybodyHears = async (text: string) => {
      await shows(page, text);
      await eventually(() => {
        for (const { texts } of members) expect(texts.filter((heard) => heard === text)).toEqual([text]);
      });
    };
    await say(page, 'from the browser');
    await everybodyHears('from the browser');
    overTcp.client.send(1, 'from TCP');
    await everybodyHears('from TCP');

    const second = await authority.issue();
    expect(new Set(await shown())).toEqual(new Set([first.fingerprint]));
    authority.write('parley', second);
    await eventually(async () => expect(new Set(await shown())).toEqual(new Set([second.fingerprint])), {
      timeoutMs: 30_000,
    });
    await say(page, 'after it');
    await everybodyHears('after it');
    overWs.client.send(1, 'and back');
    await everybodyHears('and back');
    for (const { states } of members) expect(states.filter((state) => state === 'reconnecting')).toEqual([]);
    expect(sockets).toEqual([]);
  });

  it('the page is told where the others are, over TLS', async () => {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    const answer = await page.goto(`${stack.webUrl}/config.json`);
    const { apiUrl, wsUrls } = (await answer?.json()) as { apiUrl: string; wsUrls: string[] };
    expect(apiUrl).toBe(stack.apiUrl);
    expect(wsUrls).toEqual([stack.gateway(0).wsUrl, stack.gateway(1).wsUrl]);
    expect(answer?.headers()['content-security-policy']).toContain(wsUrls[0]?.replace('/ws', ''));
  });

  it('no process speaks to Redis without it', async () => {
    const redis = new Redis(stack.redis.url);
    const list = String(await redis.client('LIST')).split('\n');
    redis.disconnect();
    const ours = list.filter((line) => line.includes('name=parley-'));
    expect(ours.length).toBeGreaterThanOrEqual(8);
    expect(ours.filter((line) => !line.includes(`laddr=127.0.0.1:${stack.redis.tlsPort} `))).toEqual([]);
  });

  it('who speaks plain to it is cut off, and nothing of it is a crash', async () => {
    const { wsUrl } = stack.gateway(0);
    for (const url of [stack.apiUrl, stack.webUrl, wsUrl.replace(/^wss/, 'https')])
      await expect(fetch(url.replace(/^https/, 'http'))).rejects.toThrow();
    expect(stack.logs()).not.toContain('BEGIN');
  });

  // The order of the README: first all verify with the new secret, then some sign with it.
  it('a signing secret is replaced process by process, and no token is refused meanwhile', async () => {
    const next = 'the next secret of the end to end tests, long enough';
    const edges = [...stack.of('gateway-api'), ...stack.of('connect-gateway')];
    const before = await login('demo1');
    await Promise.all(edges.map(({ app }) => stack.spawn(app, { PARLEY_JWT_OTHER_SECRETS: next })));
    await Promise.all(edges.map(({ process }) => process.terminate()));
    await stack.spawn('logic', { PARLEY_JWT_SECRET: next, PARLEY_JWT_OTHER_SECRETS: jwtSecret });
    // Another logic still signs with the old one.
    const after = await eventually(async () => {
      const token = await login('demo1');
      if (keyOf(token) === keyOf(before)) throw new Error('signed with the old secret');
      return token;
    });
    for (const token of [before, after]) {
      for (const { ports } of stack.of('gateway-api')) expect(await me(ports['http'], token)).toBe(200);
      for (const { ports } of stack.of('connect-gateway')) {
        const url = `wss://127.0.0.1:${ports['ws']}/ws`;
        const transport = webSocketTransport(url, { WebSocket: TrustingWebSocket });
        const client = new ParleyClient({ transport, getToken: () => token });
        client.connect();
        expect(await client.join(1)).toMatchObject({ roomId: 1 });
        await client.close();
      }
    }
    expect(await me(stack.of('gateway-api')[0]?.ports['http'], `${after}x`)).toBe(401);
  });
});
