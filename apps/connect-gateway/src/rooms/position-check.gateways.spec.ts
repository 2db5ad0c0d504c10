import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SHARE_USERS_EVERY } from '../connections/connection-index.js';
import { numbers } from '../testing/local-room.fixture.js';
import { CHECK_MS, Room, setUp } from '../testing/position-check.fixture.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is done about several rooms at once is in no order. */
const byName = (a: string, b: string) => Number(a > b) - Number(a < b);

describe('what Redis says about this gateway', () => {
  it('is put right, and told to whoever is there', async () => {
    const [wrong, right] = [new Room(), new Room()];
    wrong.here = 0;
    const { interval } = await setUp({ 8: wrong, 9: right });
    expect((await interval()).sort(byName)).toEqual(['changed 8', 'drop 8', 'drop 8', 'drop 9']);
    expect([wrong.repairs, right.repairs]).toEqual([1, 0]);
    await interval();
    expect(wrong.repairs).toBe(1);
  });

  it('is said of the users once after a reconnect, also when a room is put right', async () => {
    const room = new Room();
    room.here = 0;
    const { redis, done } = await setUp({ 7: room });
    redis.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect([room.repairs, done.filter((what) => what === 'share all').length]).toEqual([1, 1]);
  });

  it('is nothing in a conversation', async () => {
    const talk = new Room('direct');
    talk.here = 0;
    const { interval } = await setUp({ 7: talk });
    expect([await interval(), talk.repairs]).toEqual([[], 0]);
  });

  it('is said of every user in twenty checks, and of those whom Redis has not heard of in each', async () => {
    const { done, interval } = await setUp({});
    const shares: string[] = [];
    for (let i = 1; i <= SHARE_USERS_EVERY; i++) {
      await interval();
      shares.push(...done);
    }
    expect(shares).toEqual([...numbers(1, SHARE_USERS_EVERY - 1).map(() => 'share unsaid'), 'share all']);
  });
});

describe('a gateway that is gone', () => {
  it('is taken out of the rooms that are here, and they are told; one that lives is not', async () => {
    const [a, b] = [new Room(), new Room()];
    a.instances = ['gw-1', 'dead', 'gw-2'];
    b.instances = ['gw-2'];
    const { interval } = await setUp({ 8: a, 9: b }, { others: ['gw-2'] });
    const done = await interval();
    expect(done.filter((what) => !/^drop \d+$/.test(what))).toEqual(['drop dead of 8', 'changed 8']);
  });

  it('is taken out of the users here, each of it', async () => {
    const users = numbers(1, 501);
    const { interval, ofUsers } = await setUp({}, { others: ['gw-2'], users });
    ofUsers.set(3, ['gw-1', 'dead', 'gw-2']);
    ofUsers.set(501, ['older', 'dead']);
    for (let i = 1; i < SHARE_USERS_EVERY; i++) expect(await interval()).toEqual([]);
    expect(await interval()).toEqual([
      'drop dead of user 3',
      'drop older of user 501',
      'drop dead of user 501',
    ]);
  });

  it('is not this one, whose lease has ended unnoticed', async () => {
    const { interval, registry, ofUsers } = await setUp({ 8: new Room() }, { users: [3] });
    ofUsers.set(3, ['gw-1']);
    await registry.deregister('connect-gateway', 'gw-1');
    await vi.advanceTimersByTimeAsync(0);
    for (let i = 1; i <= SHARE_USERS_EVERY; i++) expect(await interval()).toEqual(['drop 8']);
  });

  it('is looked for when it is missed, not when another one comes', async () => {
    const { registry, surveyed } = await setUp({ 7: new Room() }, { others: ['gw-2'] });
    const instance = registry.list('connect-gateway')[0]!;
    await registry.register({ ...instance, instanceId: 'gw-3' });
    await vi.advanceTimersByTimeAsync(0);
    expect(surveyed).toHaveLength(0);
    await registry.deregister('connect-gateway', 'gw-3');
    await vi.advanceTimersByTimeAsync(0);
    expect(surveyed).toHaveLength(1);
    await registry.deregister('connect-gateway', 'gw-2');
    await vi.advanceTimersByTimeAsync(0);
    expect(surveyed).toHaveLength(2);
  });
});

describe('what is not used any more', () => {
  it('is a conversation without traffic for ten minutes: it is forgotten', async () => {
    const [talk, room] = [new Room('direct'), new Room()];
    const { interval } = await setUp({ 8: talk, 9: room });
    for (let ms = CHECK_MS; ms < 600_000; ms += CHECK_MS) expect(await interval()).toEqual(['drop 9']);
    expect((await interval()).sort(byName)).toEqual(['drop 9', 'forget 8']);
    talk.usedAt = performance.now();
    expect(await interval()).toEqual(['drop 9']);
  });

  it('is a room that nobody is in: it is looked at for being dropped', async () => {
    const { interval, done } = await setUp({ 7: new Room() });
    await interval();
    expect(done).toContain('drop 7');
  });
});

describe('a stop', () => {
  it('ends the checks, however they are started', async () => {
    const { check, registry, surveyed } = await setUp({ 7: new Room() }, { others: ['gw-2'] });
    await check.onApplicationShutdown();
    await registry.deregister('connect-gateway', 'gw-2');
    await vi.advanceTimersByTimeAsync(10 * CHECK_MS);
    expect([surveyed, vi.getTimerCount()]).toEqual([[], 2]);
  });

  it('waits for the check under way, and lets no other follow', async () => {
    const { check, redis, surveyed, hold } = await setUp({ 7: new Room() });
    let goOn: () => void = () => undefined;
    hold(new Promise((resolve) => (goOn = resolve)));
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    redis.emit('ready');
    let isStopped = false;
    const stopping = check.onApplicationShutdown().then(() => (isStopped = true));
    await vi.advanceTimersByTimeAsync(499);
    expect(isStopped).toBe(false);
    goOn();
    await stopping;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    expect(surveyed).toHaveLength(1);
  });

  it('does not wait for ever', async () => {
    const { check, hold } = await setUp({ 7: new Room() });
    hold(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    let isStopped = false;
    void check.onApplicationShutdown().then(() => (isStopped = true));
    await vi.advanceTimersByTimeAsync(500);
    expect(isStopped).toBe(true);
  });
});

it('begins no check while one is under way', async () => {
  const { surveyed, hold } = await setUp({ 7: new Room() });
  let goOn: () => void = () => undefined;
  hold(new Promise((resolve) => (goOn = resolve)));
  await vi.advanceTimersByTimeAsync(5 * CHECK_MS);
  expect(surveyed).toHaveLength(1);
  hold(undefined);
  goOn();
  await vi.advanceTimersByTimeAsync(CHECK_MS);
  expect(surveyed).toHaveLength(2);
});
