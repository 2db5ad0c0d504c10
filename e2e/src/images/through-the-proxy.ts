import { ParleyClient, webSocketTransport } from '@parley/client';
import { eventually } from '@parley/testing';
import https from 'node:https';
import WebSocket from 'ws';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The certificate is of the proxy's own authority, which this machine does not know. */
const anyCertificate = { rejectUnauthorized: false } as const;

/**
 * What somebody does first: opens the site, logs in, makes a room, and says something over the WebSocket. All through the one
 * published port.
 *
 * @throws {Error} naming what did not work.
 */
export async function throughTheProxy(port: number, adminPassword: string): Promise<void> {
  const origin = `https://localhost:${port}`;
  const page = await eventually(() => ask(`${origin}/`), { timeoutMs: 60_000, intervalMs: 500 });
  expectThat(page.status === 200 && page.body.includes('<html'), 'the site', page);
  const config = await ask(`${origin}/config.json`);
  expectThat(
    config.body.includes(`wss://localhost:${port}/ws`),
    'the addresses that the site is told',
    config,
  );
  const docs = await ask(`${origin}/docs`);
  expectThat(docs.status === 200 && docs.body.includes('swagger'), '/docs', docs);
  const login = await ask(`${origin}/v1/login`, { userName: 'admin', password: adminPassword });
  expectThat(login.status < 300 && login.body.includes('"role":"admin"'), 'the log-in as admin', login);
  const { token } = JSON.parse(login.body) as { token: string };
  const made = await ask(`${origin}/v1/rooms`, { name: 'through the proxy' }, token);
  expectThat(made.status < 300, 'a room', made);
  const { roomId } = JSON.parse(made.body) as { roomId: number };

  class Browser extends WebSocket {
    constructor(url: string) {
      super(url, { ...anyCertificate, origin });
    }
  }
  const client = new ParleyClient({
    transport: webSocketTransport(() => `wss://localhost:${port}/ws`, { WebSocket: Browser as never }),
    getToken: () => token,
  });
  try {
    client.connect();
    await client.join(roomId);
    const result = await client.send(roomId, 'hello through the proxy').result;
    if (result.status !== 'acked') throw new Error(`a message through the proxy: ${JSON.stringify(result)}`);
  } finally {
    await client.close();
  }
}

function expectThat(isTrue: boolean, what: string, { status, body }: Answer): void {
  if (!isTrue) throw new Error(`${what} through the proxy: ${status} ${body.slice(0, 300)}`);
}

/** @param body - Makes it a POST. */
function ask(url: string, body?: unknown, token?: string): Promise<Answer> {
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = https.request(
      url,
      { method, headers, timeout: 20_000, ...anyCertificate },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', reject);
      },
    );
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer in time`)));
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
