import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { asksForWebSocket, refusalOf } from './upgrade-request.js';

const good = {
  host: 'chat.example:7000',
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
interface Head {
  readonly method?: string;
  readonly url?: string;
  readonly httpVersion?: string;
  readonly hosts?: readonly string[];
  readonly headers?: Readonly<Record<string, string | undefined>>;
}
function request({
  method = 'GET',
  url = '/ws',
  httpVersion = '1.1',
  headers = {},
  hosts,
}: Head): IncomingMessage {
  const all = { ...good, ...headers };
  const headersDistinct = { host: hosts ?? (all.host === undefined ? undefined : [all.host]) };
  return { method, url, httpVersion, headers: all, headersDistinct } as unknown as IncomingMessage;
}
const rules = { path: '/ws', isOriginAllowed: (origin: string) => origin === 'https://chat.example' };
const status = (head: Head) => refusalOf(request(head), rules)?.status;

describe('an upgrade', () => {
  it.each<Head>([
    {},
    { url: '/ws?room=1' },
    { url: 'http://chat.example:7000/ws' },
    { headers: { host: '[::1]:7000' } },
    { headers: { host: 'xn--bcher-kva.example' } },
    { headers: { upgrade: 'WebSocket' } },
    { headers: { origin: 'https://chat.example' } },
    { headers: { 'content-length': '0' } },
  ])('is taken: %j', (head) => {
    expect(status(head)).toBeUndefined();
  });

  it.each<[number, Head]>([
    // Nest's listener made URLs of these two; the second threw.
    [404, { url: '//' }],
    [400, { headers: { host: 'a b:99999' } }],
    [404, { url: '' }],
    [404, { url: '/' }],
    [404, { url: '/ws/' }],
    [404, { url: '/WS' }],
    [404, { url: '//ws' }],
    [404, { url: '/%77s' }],
    [404, { url: '/ws/../ws' }],
    [404, { url: '*' }],
    [404, { url: 'http://chat.example' }],
    [400, { headers: { host: undefined } }],
    [400, { hosts: ['a', 'b'] }],
    [400, { httpVersion: '1.0' }],
    [405, { method: 'POST' }],
    [405, { method: 'OPTIONS' }],
    [403, { headers: { origin: 'https://evil.example' } }],
    [403, { headers: { origin: 'null' } }],
    [403, { headers: { origin: '' } }],
    [403, { headers: { origin: 'https://chat.example, https://evil.example' } }],
    [426, { headers: { 'sec-websocket-version': undefined } }],
    [426, { headers: { 'sec-websocket-version': '14' } }],
    // In which the origin goes by another name.
    [426, { headers: { 'sec-websocket-version': '8', 'sec-websocket-origin': 'https://evil.example' } }],
    [400, { headers: { 'sec-websocket-key': undefined } }],
    [400, { headers: { 'sec-websocket-key': 'short==' } }],
    [400, { headers: { 'sec-websocket-key': `${good['sec-websocket-key']}, x` } }],
    [400, { headers: { upgrade: 'h2c, websocket' } }],
    [400, { headers: { 'content-length': '5' } }],
    [400, { headers: { 'transfer-encoding': 'chunked' } }],
  ])('is refused with %i: %j', (expected, head) => {
    expect(status(head)).toBe(expected);
  });

  it('is to WebSocket, or to something that may be ignored', () => {
    const to = (upgrade: string | undefined) => asksForWebSocket(request({ headers: { upgrade } }));
    expect(['websocket', 'WebSocket', 'h2c, websocket'].map(to)).toEqual([true, true, true]);
    expect(['h2c', '', 'websockets', undefined].map(to)).toEqual([false, false, false, false]);
  });
});
