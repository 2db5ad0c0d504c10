import fc from 'fast-check';

const noise = fc.uint8Array({ minLength: 1, maxLength: 300 });

/** Random bytes in a few writes. */
export const chunkedBytes = fc.array(noise, { minLength: 1, maxLength: 4 });

/** A complete and correct request for a WebSocket. @see RFC 6455, section 4.1 */
export function upgradeHead(): string {
  return [
    'GET /ws HTTP/1.1',
    'host: 127.0.0.1',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
}

/** A frame of any opcode, flags and declared length, masked or not. @see RFC 6455, section 5.2 */
const webSocketFrame = fc
  .record({
    // Half of them text or continuation, final or not, without reserved bits: those get further than the first byte.
    first: fc.oneof(fc.nat(255), fc.constantFrom(0x81, 0x01, 0x80, 0x00, 0x82, 0x88, 0x89, 0x8a)),
    masked: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    key: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json({ maxDepth: 1 }).map((text) => new Uint8Array(Buffer.from(text))),
      // What a close frame holds: a code, known or not, and a reason.
      fc.tuple(fc.nat(65_535), fc.uint8Array({ maxLength: 20 })).map(([code, reason]) => {
        return new Uint8Array([code >> 8, code & 255, ...reason]);
      }),
    ),
    // Mostly the truth; else a length of 7, 16 or 64 bits that has nothing to do with what follows.
    length: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 200_000n }),
    ),
  })
  .map(({ first, masked, key, payload, length }) => {
    const body = masked ? payload.map((byte, i) => byte ^ (key[i % 4] ?? 0)) : payload;
    return new Uint8Array([
      first,
      ...declare(length ?? BigInt(payload.length), masked),
      ...(masked ? key : []),
      ...body,
    ]);
  });

function declare(length: bigint, masked: boolean): number[] {
  const flag = masked ? 0x80 : 0;
  if (length < 126n) return [flag | Number(length)];
  const bytes = length < 65_536n ? 2 : 8;
  const digits = Array.from({ length: bytes }, (_, i) =>
    Number((length >> BigInt(8 * (bytes - 1 - i))) & 255n),
  );
  return [flag | (bytes === 2 ? 126 : 127), ...digits];
}

/** What may come behind an upgrade: frames of any kind, or no frames at all. */
export const webSocketBytes = fc.oneof(
  { weight: 4, arbitrary: fc.array(webSocketFrame, { minLength: 1, maxLength: 6 }) },
  chunkedBytes,
);

/** The head of a request to one of these paths, or to any, right or wrong in every part; and perhaps a body. */
export function httpHead(paths: readonly string[]): fc.Arbitrary<Uint8Array[]> {
  const token = fc.string({ minLength: 1, maxLength: 12 });
  const path = fc.oneof(
    fc.constantFrom(...paths),
    fc.webPath(),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  const name = fc.oneof(
    fc.constantFrom('host', 'content-length', 'transfer-encoding', 'upgrade', 'connection', 'origin'),
    fc.constantFrom('content-type', 'authorization', 'sec-websocket-key', 'sec-websocket-version', 'expect'),
    token,
  );
  const value = fc.oneof(
    fc.constantFrom('chunked', 'websocket', 'Upgrade', '0', '5', '-1', '99999999999', '13', '100-continue'),
    fc.constantFrom('application/json', 'text/plain', 'Bearer x.y.z', 'gzip, chunked', 'close', 'keep-alive'),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  return fc
    .record({
      method: fc.oneof(fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD', 'PUT', 'CONNECT', 'TRACE'), token),
      path,
      version: fc.oneof({ weight: 4, arbitrary: fc.constant('HTTP/1.1') }, fc.constant('HTTP/1.0'), token),
      headers: fc.array(fc.tuple(name, value), { maxLength: 8 }),
      end: fc.constantFrom('\r\n\r\n', '\r\n\r\n', '\n\n', '\r\n', ''),
      body: fc.oneof(fc.constant(''), fc.json(), fc.string({ unit: 'binary' })),
    })
    .map(({ method, path: target, version, headers, end, body }) => {
      const lines = [`${method} ${target} ${version}`, ...headers.map((pair) => pair.join(': '))];
      return [Buffer.from(lines.join('\r\n') + end), Buffer.from(body)];
    });
}
