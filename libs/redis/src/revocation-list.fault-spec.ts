import { eventually, startRedis, uniquePrefix } from '@parley/testing';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { EventBus } from './event-bus.js';
import { RevocationList } from './revocation-list.js';
import { SessionStore } from './session-store.js';
import { connect, testKeys } from './store.fixture.js';

const prefix = uniquePrefix('revoked');
const inAnHour = () => Date.now() + 3_600_000;

async function world(appendOnly = true) {
  const server = await startRedis({ appendOnly });
  onTestFinished(() => server.stop());
  const keys = testKeys(prefix);
  const process = () => {
    const connections = connect(server.url);
    const store = new SessionStore(connections.main, keys);
    const events = new EventBus(connections, keys);
    return { store, events, list: new RevocationList(store, events) };
  };
  return { server, keys, connections: connect(server.url), a: process(), b: process() };
}

it('tells another process of a revocation once, and those who start later', async () => {
  const { a, b } = await world();
  await a.list.start();
  await a.list.revoke('s0', inAnHour());
  await b.list.start();
  expect(b.list.isRevoked('s0')).toBe(true);
  const heard: string[] = [];
  b.list.onRevoked((sessionId) => heard.push(sessionId));
  await a.list.revoke('s1', inAnHour());
  await a.list.revoke('s1', inAnHour());
  expect(a.list.isRevoked('s1')).toBe(true);
  await eventually(() => expect(b.list.isRevoked('s1')).toBe(true));
  expect(heard).toEqual(['s1']);
  expect(b.list.isRevoked('s2')).toBe(false);
});

it('reads the list again after Redis was away, and hears of later ones', async () => {
  const { server, a, b } = await world();
  await a.list.start();
  const heard: string[] = [];
  a.list.onRevoked((sessionId) => heard.push(sessionId));
  await server.kill();
  await server.restart();
  // Without an event: as if it had been published before this list was subscribed again.
  await b.store.revoke('missed', inAnHour(), Date.now());
  await eventually(() => expect(a.list.isRevoked('missed')).toBe(true));
  await eventually(async () => {
    await b.events.publish('revoked', { sessionId: 'later', expiresAt: inAnHour() });
    expect(a.list.isRevoked('later')).toBe(true);
  });
  expect(heard).toEqual(['missed', 'later']);
});

it('keeps what it knows when Redis comes back empty', async () => {
  const { server, a } = await world(false);
  await a.list.start();
  await a.list.revoke('s1', inAnHour());
  let reads = 0;
  await a.events.subscribe(
    'other',
    z.unknown(),
    () => undefined,
    () => void reads++,
  );
  await server.kill();
  await server.restart();
  // Called after the list's own re-read, which was subscribed first; every (re)subscribe calls it.
  await eventually(() => expect(reads).toBe(2));
  expect(a.list.isRevoked('s1')).toBe(true);
});

// One failed re-read after an outage was reported and left at that: what was revoked meanwhile was never heard of.
it('reads the list again until it could, whatever happens to the first attempt', async () => {
  const { server, a, b } = await world();
  await a.list.start();
  const read = a.store.revoked.bind(a.store);
  let failures = 2;
  a.store.revoked = (now) => (failures-- > 0 ? Promise.reject(new Error('busy')) : read(now));
  await server.kill();
  await server.restart();
  await b.store.revoke('missed', inAnHour(), Date.now());
  await eventually(() => expect(a.list.isRevoked('missed')).toBe(true));
});

it('forgets revocations whose tokens have expired', async () => {
  const { a, b } = await world();
  await a.store.revoke('old', Date.now() - 1, 0);
  await a.store.revoke('new', inAnHour(), Date.now());
  await b.list.start();
  expect(['old', 'new'].map((id) => b.list.isRevoked(id))).toEqual([false, true]);
  expect([...(await a.store.revoked(Date.now())).keys()]).toEqual(['new']);
});

it('reports a hint that does not parse and goes on', async () => {
  const { server } = await world();
  const connections = connect(server.url);
  const errors: unknown[] = [];
  const keys = testKeys(prefix);
  const events = new EventBus(connections, keys, (error) => errors.push(error));
  const heard: unknown[] = [];
  await events.subscribe('hint', z.object({ n: z.number() }), (event) => heard.push(event));
  await connections.main.publish(keys.events('hint'), 'not json');
  await events.publish('hint', { n: 'x' });
  await events.publish('hint', { n: 1, extra: true });
  await eventually(() => expect(heard).toEqual([{ n: 1 }]));
  expect(errors).toHaveLength(2);
});

// Every log-out stayed in the memory of every process until it ended, and in Redis until one started.
it('forgets, in memory and in Redis, what has expired', async () => {
  const { a, connections, keys } = await world();
  let now = Date.now();
  const list = new RevocationList(a.store, a.events, () => now);
  for (let i = 0; i < 1_000; i++) await list.revoke(`old-${i}`, now + 1_000);
  expect(list.size).toBe(1_000);
  now += 2_000;
  await list.revoke('new', now + 1_000);
  expect(list.size).toBe(1);
  expect(list.isRevoked('new')).toBe(true);
  expect(await connections.main.zrange(keys.revoked(), 0, -1)).toEqual(['new']);
  // Nothing else is left of a session.
  expect(await connections.main.keys(`${prefix}*`)).toEqual([keys.revoked()]);
});
