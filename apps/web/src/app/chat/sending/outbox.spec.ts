import type { ConnectionState, SendResult } from '@parley/client';
import { Op } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { outboxLimits, type OutboxEntry } from './outbox-entry.js';
import { stubIndexedDb, TestChannels } from './outbox.fixture.js';
import { OutboxStore } from './outbox-store.js';
import { Outbox } from './outbox.js';

const me = { userId: 7, userName: 'ana', role: 'user' as const };

/** A connection on which every send is the test's to answer. */
class FakeClient {
  state: ConnectionState = 'online';
  readonly sends: Array<{ to: string; text: string; clientMsgId: string; settle(result: SendResult): void }> =
    [];
  readonly withdrawn: string[] = [];

  send = (roomId: number, text: string, options: { clientMsgId?: string } = {}) =>
    this.#send(`room ${roomId}`, text, options.clientMsgId ?? '');
  sendDirect = (userId: number, text: string, options: { clientMsgId?: string } = {}) =>
    this.#send(`user ${userId}`, text, options.clientMsgId ?? '');
  withdraw(clientMsgId: string) {
    this.withdrawn.push(clientMsgId);
    this.sends
      .find((send) => send.clientMsgId === clientMsgId)
      ?.settle({ status: 'gave-up', reason: 'WITHDRAWN' });
  }
  #send(to: string, text: string, clientMsgId: string) {
    let settle: (result: SendResult) => void = () => undefined;
    const result = new Promise<SendResult>((resolve) => (settle = resolve));
    this.sends.push({ to, text, clientMsgId, settle });
    return { clientMsgId, result };
  }
  get texts() {
    return this.sends.map(({ text }) => text);
  }
}

const ack = (clientMsgId: string, seq = 1): SendResult => ({
  status: 'acked',
  ack: { op: Op.ack, roomId: 1, seq, epoch: 'e1', id: 'x', sentAt: 1, duplicate: false, clientMsgId },
});
const refusal = (code: string): SendResult => ({
  status: 'refused',
  error: { op: Op.error, code, message: '', retryable: false },
});

let channels: TestChannels;
let nowMs: number;

/** One tab of the user's browser. */
function openTab({ state = 'online' as ConnectionState, store = new OutboxStore(me), user = me } = {}) {
  const client = new FakeClient();
  client.state = state;
  const channel = channels.open();
  const end = new AbortController();
  const acked = vi.fn();
  const returned: string[] = [];
  let shown: readonly OutboxEntry[] = [];
  const outbox = new Outbox(
    {
      client,
      me: user,
      store,
      channel,
      acked,
      returned: ({ text }, { code }) => void returned.push(`${text}: ${code}`),
      changed: (entries) => (shown = entries),
      now: () => nowMs,
    },
    end.signal,
  );
  outbox.wake();
  return {
    client,
    outbox,
    acked,
    returned,
    shown: () =>
      shown.map(({ text, errorCode }) => (errorCode === undefined ? text : `${text}: ${errorCode}`)),
    close: () => end.abort(),
    kill: () => channels.cut(channel),
  };
}
/** Waits on a condition while the clock of timers goes on. */
const inTime = (check: () => unknown) =>
  eventually(async () => {
    await vi.advanceTimersByTimeAsync(200);
    check();
  });

/** Waits until so many entries are in the browser's storage. */
const kept = (count: number) =>
  eventually(async () => expect(await new OutboxStore(me).entries()).toHaveLength(count));

beforeEach(() => {
  stubIndexedDb();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  channels = new TestChannels();
  nowMs = 1_000;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('what a user sends', () => {
  it.each(['MUTED', 'HOSTS_ONLY', 'ROOM_CLOSED', 'SLOW_MODE'])(
    'gives back what the room does not allow (%s), and never sends it by itself',
    async (code) => {
      const tab = openTab();
      tab.outbox.add('room:1', 'one');
      tab.outbox.add('room:1', 'two');
      await inTime(() => expect(tab.client.texts).toEqual(['one', 'two']));
      for (const send of tab.client.sends) send.settle(refusal(code));
      await inTime(() => expect(tab.returned).toEqual([`one: ${code}`, `two: ${code}`]));
      expect(tab.shown()).toEqual([]);
      const later = openTab();
      later.outbox.add('room:1', 'three');
      await inTime(() => expect([...tab.client.texts, ...later.client.texts]).toContain('three'));
      expect([...tab.client.texts, ...later.client.texts].sort()).toEqual(['one', 'three', 'two']);
    },
  );

  it('goes out in line, and is forgotten once the server has it', async () => {
    const tab = openTab();
    for (const text of ['a', 'b', 'c']) tab.outbox.add('room:1', text);
    tab.outbox.add('user:4', 'd');
    expect(tab.shown()).toEqual(['a', 'b', 'c', 'd']);
    await inTime(() => expect(tab.client.texts).toEqual(['a', 'b', 'c', 'd']));
    expect(tab.client.sends[3]?.to).toBe('user 4');
    for (const { clientMsgId, settle } of tab.client.sends) settle(ack(clientMsgId));
    await inTime(() => expect(tab.shown()).toEqual([]));
    expect(tab.acked).toHaveBeenCalledTimes(4);
    expect(await new OutboxStore(me).entries()).toEqual([]);
  });

  it('is kept before it goes out', async () => {
    const store = new OutboxStore(me);
    const tab = openTab({ store });
    let isKept: () => void = () => undefined;
    const add = store.add.bind(store);
    store.add = (entry) => new Promise((resolve) => (isKept = () => void add(entry).then(resolve)));
    tab.outbox.add('room:1', 'a');
    tab.outbox.wake();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(tab.client.texts).toEqual([]);
    isKept();
    await inTime(() => expect(tab.client.texts).toEqual(['a']));
  });

  it('waits for the connection, over a closed page, and goes out once under its id', async () => {
    const offline = openTab({ state: 'reconnecting' });
    offline.outbox.add('room:1', 'a');
    offline.outbox.add('room:1', 'b');
    await kept(2);
    expect(offline.client.texts).toEqual([]);
    offline.close();
    offline.kill();
    const later = openTab({ state: 'connecting' });
    await inTime(() => expect(later.shown()).toEqual(['a', 'b']));
    expect(later.client.texts).toEqual([]);
    later.client.state = 'online';
    later.outbox.wake();
    later.outbox.wake();
    await inTime(() => expect(later.client.texts).toEqual(['a', 'b']));
    expect(later.client.sends[0]?.clientMsgId).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/);
  });

  it.each(['CLOSED', 'ENDED'])('outlives its connection: %s', async (reason) => {
    const tab = openTab();
    tab.outbox.add('room:1', 'a');
    await inTime(() => expect(tab.client.texts).toEqual(['a']));
    tab.client.sends[0]?.settle({ status: 'gave-up', reason });
    await inTime(() => expect(tab.shown()).toEqual(['a']));
    tab.outbox.wake();
    await inTime(() => expect(tab.client.texts).toEqual(['a', 'a']));
    expect(new Set(tab.client.sends.map(({ clientMsgId }) => clientMsgId)).size).toBe(1);
  });

  it('waits for the next log-in when it is the session that was refused', async () => {
    const tab = openTab();
    tab.outbox.add('room:1', 'a');
    await inTime(() => expect(tab.client.texts).toEqual(['a']));
    tab.client.sends[0]?.settle(refusal('SESSION_REVOKED'));
    await inTime(() => expect(tab.shown()).toEqual(['a']));
  });

  it('stays with its reason when it is refused, until it is sent again or dropped', async () => {
    const tab = openTab();
    tab.outbox.add('room:1', 'a');
    tab.outbox.add('room:1', 'b');
    await inTime(() => expect(tab.client.texts).toEqual(['a', 'b']));
    const [a, b] = tab.client.sends;
    a?.settle(refusal('FORBIDDEN'));
    b?.settle(refusal('FORBIDDEN'));
    await inTime(() => expect(tab.shown()).toEqual(['a: FORBIDDEN', 'b: FORBIDDEN']));
    void tab.outbox.discard(b?.clientMsgId ?? '');
    expect(tab.shown()).toEqual(['a: FORBIDDEN']);
    void tab.outbox.sendAgain(a?.clientMsgId ?? '');
    await inTime(() => expect(tab.client.texts).toEqual(['a', 'b', 'a']));
    expect(tab.client.sends[2]?.clientMsgId).toBe(a?.clientMsgId);
    expect(tab.shown()).toEqual(['a']);
  });

  it('is asked about when it has waited for more than a week', async () => {
    const before = openTab({ state: 'reconnecting' });
    before.outbox.add('room:1', 'a');
    await kept(1);
    before.kill();
    nowMs += outboxLimits.maxWaitMs + 1;
    const tab = openTab();
    await inTime(() => expect(tab.shown()).toEqual(['a: WAITED_TOO_LONG']));
    expect(tab.client.texts).toEqual([]);
    nowMs += outboxLimits.maxRefusedMs;
    const muchLater = openTab();
    await kept(0);
    expect(muchLater.client.texts).toEqual([]);
  });

  it('is refused here when too much waits', () => {
    const { outbox } = openTab({ state: 'reconnecting' });
    for (let i = 0; i < outboxLimits.maxEntries; i++) expect(outbox.add('room:1', 'x')).toBe(true);
    expect(outbox.add('room:1', 'x')).toBe(false);
    const other = openTab({ state: 'reconnecting' }).outbox;
    expect(other.add('room:1', 'x'.repeat(outboxLimits.maxBytes / 2))).toBe(true);
    expect(other.add('room:1', 'x')).toBe(false);
  });

  it('is neither shown to nor sent by somebody else', async () => {
    const tab = openTab({ state: 'reconnecting' });
    tab.outbox.add('room:1', 'a');
    await kept(1);
    const bo = { userId: 8, userName: 'bo', role: 'user' as const };
    const other = openTab({ store: new OutboxStore(bo), user: bo });
    other.outbox.add('room:1', 'mine');
    await inTime(() => expect(other.client.texts).toEqual(['mine']));
    expect(other.shown()).toEqual(['mine']);
  });
});

describe('several tabs', () => {
  /** The first of them sends. */
  async function two() {
    const first = openTab();
    first.outbox.add('room:1', '0');
    await inTime(() => expect(first.client.texts).toEqual(['0']));
    first.client.sends[0]?.settle(ack(first.client.sends[0].clientMsgId));
    await inTime(() => expect(first.shown()).toEqual([]));
    return [first, openTab()] as const;
  }

  it('share one line: one of them sends, all show what became of it', async () => {
    const [first, second] = await two();
    second.outbox.add('room:1', 'a');
    await inTime(() => expect(first.shown()).toEqual(['a']));
    first.outbox.add('room:1', 'b');
    await inTime(() => expect(first.client.texts).toEqual(['0', 'a', 'b']));
    await inTime(() => expect(second.shown()).toEqual(['a', 'b']));
    const [, a, b] = first.client.sends;
    a?.settle(ack(a.clientMsgId, 2));
    b?.settle(refusal('FORBIDDEN'));
    await inTime(() => expect(second.shown()).toEqual(['b: FORBIDDEN']));
    expect(second.acked).toHaveBeenCalledWith('room:1', expect.objectContaining({ seq: 2, roomId: 1 }));
    expect(second.client.texts).toEqual([]);
  });

  it('hand over when the one that sends is killed or frozen', async () => {
    const [first, second] = await two();
    second.outbox.add('room:1', 'a');
    await inTime(() => expect(first.client.texts).toEqual(['0', 'a']));
    first.kill();
    await inTime(() => expect(second.client.texts).toEqual(['a']));
    expect(second.client.sends[0]?.clientMsgId).toBe(first.client.sends[1]?.clientMsgId);
  });

  it('hand over when the one that sends has lost its connection, and it takes back what it has in hand', async () => {
    const [first, second] = await two();
    first.outbox.add('room:1', 'a');
    await inTime(() => expect(first.client.texts).toEqual(['0', 'a']));
    first.client.state = 'reconnecting';
    second.outbox.wake();
    await inTime(() => expect(second.client.texts).toEqual(['a']));
    expect(first.client.withdrawn).toEqual([first.client.sends[1]?.clientMsgId]);
    first.client.state = 'online';
    first.outbox.add('room:1', 'b');
    await inTime(() => expect(second.client.texts).toEqual(['a', 'b']));
    expect(first.client.texts).toEqual(['0', 'a']);
  });

  it('that open at once agree on one', async () => {
    const before = openTab({ state: 'reconnecting' });
    before.outbox.add('room:1', 'a');
    await kept(1);
    before.kill();
    const tabs = [openTab(), openTab(), openTab()];
    const texts = () => tabs.flatMap(({ client }) => client.texts);
    await inTime(() => expect(texts()).toEqual(['a']));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(texts()).toEqual(['a']);
  });

  it('each send for themselves where the browser keeps nothing', async () => {
    const blocked = () => new OutboxStore(me, () => Promise.reject(new Error('blocked')));
    const [first, second] = [openTab({ store: blocked() }), openTab({ store: blocked() })];
    first.outbox.add('room:1', 'a');
    second.outbox.add('room:1', 'b');
    await inTime(() => expect([first.client.texts, second.client.texts]).toEqual([['a'], ['b']]));
    expect(first.outbox.hasUnkept).toBe(true);
  });

  // A lease that could not be written was taken for one that another tab has: from a page that was loaded then nothing went out.
  it('of which the browser takes nothing more each send what they have, in line', async () => {
    const [first] = await two();
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    first.outbox.add('room:1', 'a');
    await inTime(() => expect(first.client.texts).toEqual(['0', 'a']));
    const second = openTab();
    second.outbox.add('room:1', 'b');
    await inTime(() => expect(second.client.texts).toEqual(['b']));
    first.kill();
    const third = openTab();
    third.outbox.add('room:1', 'c');
    third.outbox.add('room:1', 'd');
    await inTime(() => expect(third.client.texts).toEqual(['c', 'd']));
    third.outbox.add('room:1', 'e');
    await inTime(() => expect(third.client.texts).toEqual(['c', 'd', 'e']));
    expect(third.client.withdrawn).toEqual([]);
    put.mockRestore();
    // With room again there is one line again.
    third.outbox.add('room:1', 'f');
    await kept(1);
    const fourth = openTab();
    fourth.outbox.add('room:1', 'g');
    const kinds = () =>
      [second, third, fourth].map(({ client }) => client.texts.filter((text) => 'fg'.includes(text)));
    await inTime(() => expect(kinds().filter((texts) => texts.length > 0)).toEqual([['f', 'g']]));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kinds().flat()).toEqual(['f', 'g']);
    expect([second, third].map(({ client }) => client.texts.slice(0, 1))).toEqual([['b'], ['c']]);
  });
});
