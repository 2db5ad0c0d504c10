import { eventually } from '@parley/testing';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HttpDrain } from './http-drain.js';

/** A server whose requests are answered when the test lets them. */
async function serve() {
  const app = fastify({ forceCloseConnections: true });
  const drain = new HttpDrain(app);
  const releases: Array<() => void> = [];
  app.get('/held', () => new Promise((resolve) => releases.push(() => resolve('ok'))));
  app.get('/', () => 'ok');
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return { app, drain, url, releases };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('waits for the last request in hand, and takes no more connections meanwhile', async () => {
  const { app, drain, url, releases } = await serve();
  const answers = [fetch(`${url}/held`), fetch(`${url}/held`)];
  await eventually(() => expect(releases).toHaveLength(2), { timeoutMs: 10_000 });
  const finished = vi.fn();
  const finishing = drain.finish().then(finished);
  await eventually(() => expect(app.server.listening).toBe(false));
  await expect(fetch(url)).rejects.toThrow();
  releases[0]?.();
  expect(await (await answers[0])?.text()).toBe('ok');
  await settled();
  expect(finished).not.toHaveBeenCalled();
  releases[1]?.();
  const last = await answers[1];
  expect(last?.status).toBe(200);
  await finishing;
});

it('does not wait when nothing is in hand', async () => {
  const { drain, url } = await serve();
  expect(await (await fetch(url)).text()).toBe('ok');
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await drain.finish();
});

it('goes on without a request that is not answered, after 1.5 s', async () => {
  const { drain, url, releases } = await serve();
  const answer = fetch(`${url}/held`);
  await eventually(() => expect(releases).toHaveLength(1), { timeoutMs: 10_000 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const finished = vi.fn();
  const finishing = drain.finish().then(finished);
  await vi.advanceTimersByTimeAsync(1_499);
  expect(finished).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await finishing;
  releases[0]?.();
  await answer;
});

it('asks callers to connect elsewhere from its beginning on, and not before', async () => {
  const { drain, url } = await serve();
  const connectionOf = async () => (await fetch(url)).headers.get('connection');
  expect(await connectionOf()).toBe('keep-alive');
  drain.begin();
  expect(await connectionOf()).toBe('close');
});

it('has nothing to close on a server that never listened', async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  await expect(new HttpDrain(app).finish()).resolves.toBeUndefined();
});
