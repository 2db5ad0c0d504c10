import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { metricsToken, startApiApp, type ApiApp } from '../api-app.fixture.js';

let api: ApiApp;
beforeAll(async () => {
  api = await startApiApp();
  await api.app.listen(0, '127.0.0.1');
});
afterAll(() => api.close());

/** Sends a request line as it is: clients of Node.js and browsers make a path of it first. */
function ask(method: string, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(
        `${method} ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${metricsToken}\r\nconnection: close\r\n\r\n`,
      ),
    );
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
    socket.on('error', reject).on('close', () => resolve(reply));
  });
}

it('answers a path', async () => expect(await ask('GET', '/metrics')).toMatch(/^HTTP\/1\.1 200 /));

// Node.js hands on whatever has no space, and find-my-way 9.10.0 by itself takes `*metrics` for `/metrics`. Why Parley refused it with
// that version, too, is not known: so it is held here.
it.each(['*metrics', '*', 'metrics', '@metrics', '?/metrics', '*/metrics', '//metrics', 'x:/metrics'])(
  'has no route for %s',
  async (target) => expect(await ask('GET', target)).toMatch(/^HTTP\/1\.1 40[04] /),
);
