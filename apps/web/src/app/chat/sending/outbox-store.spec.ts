import { IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stubIndexedDb } from './outbox.fixture.js';
import { OutboxStore, type NewEntry } from './outbox-store.js';

const me = { userId: 7, userName: 'ana' };
const entry = (clientMsgId: string, fields: Partial<NewEntry> = {}): NewEntry => ({
  clientMsgId,
  ...me,
  thread: 'room:1',
  text: clientMsgId,
  createdAtMs: 1,
  ...fields,
});
const ids = async (store: OutboxStore) => (await store.entries()).map(({ clientMsgId }) => clientMsgId);

beforeEach(stubIndexedDb);
afterEach(() => vi.unstubAllGlobals());

/** A browser that keeps nothing must look the same for as long as the page lives. */
describe.each([
  ['in IndexedDB', true],
  ['in memory', false],
])('the outbox %s', (_where, isKept) => {
  const open = () =>
    isKept ? new OutboxStore(me) : new OutboxStore(me, () => Promise.reject(new Error('blocked')));

  it('keeps entries in line, changes and forgets them', async () => {
    const store = open();
    await Promise.all([store.add(entry('b')), store.add(entry('a')), store.add(entry('c'))]);
    expect(await ids(store)).toEqual(['b', 'a', 'c']);
    await store.change('a', { createdAtMs: 2, errorCode: 'FORBIDDEN' });
    await store.change('gone', { createdAtMs: 2, errorCode: 'FORBIDDEN' });
    await store.remove('b');
    expect(await store.entries()).toMatchObject([
      { clientMsgId: 'a', errorCode: 'FORBIDDEN', createdAtMs: 2 },
      { clientMsgId: 'c' },
    ]);
    await store.change('a', { createdAtMs: 3, errorCode: undefined });
    expect((await store.entries())[0]?.errorCode).toBeUndefined();
    expect([store.isDurable, store.isShared, store.hasUnkept]).toEqual([isKept, isKept, !isKept]);
  });
});

describe('the outbox of one user', () => {
  it('is there for the next page, behind what other tabs have added', async () => {
    const [here, there] = [new OutboxStore(me), new OutboxStore(me)];
    await here.add(entry('1'));
    await there.add(entry('2'));
    await here.add(entry('3'));
    expect(await ids(new OutboxStore(me))).toEqual(['1', '2', '3']);
  });

  it('is not seen by anybody else, not even by who has the id on another server', async () => {
    await new OutboxStore(me).add(entry('mine'));
    expect(await ids(new OutboxStore({ userId: 8, userName: 'bo' }))).toEqual([]);
    expect(await ids(new OutboxStore({ userId: 7, userName: 'cy' }))).toEqual([]);
  });

  it('leaves out what it cannot read', async () => {
    const store = new OutboxStore(me);
    await store.add(entry('good'));
    await store.add({ ...entry('bad'), text: 4 as never });
    expect(await ids(store)).toEqual(['good']);
  });

  it('keeps in memory what does not fit on the device, and says so', async () => {
    const store = new OutboxStore(me);
    await store.add(entry('kept'));
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await store.add(entry('not kept'));
    put.mockRestore();
    expect([store.isDurable, store.hasUnkept]).toEqual([false, true]);
    expect(await ids(store)).toEqual(['kept', 'not kept']);
    await store.remove('not kept');
    expect(store.isDurable).toBe(true);
  });

  it('does not wait for storage that hangs', async () => {
    vi.useFakeTimers();
    const store = new OutboxStore(me, () => new Promise(() => undefined));
    const added = store.add(entry('a'));
    await vi.advanceTimersByTimeAsync(2_000);
    await added;
    expect(await ids(store)).toEqual(['a']);
    vi.useRealTimers();
  });

  it('gives the lease to one of those who saw the same term', async () => {
    const [here, there] = [new OutboxStore(me), new OutboxStore(me)];
    expect(await here.lease()).toEqual({ holder: '', term: 0 });
    const taken = await Promise.all([here.takeLease(0, 'here'), there.takeLease(0, 'there')]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await there.lease()).toMatchObject({ holder: taken[0] ? 'here' : 'there', term: 1 });
    expect(await there.takeLease(1, 'there')).toBe(true);
  });
});
