import { eventually } from '@parley/testing';
import { ApiError } from '@parley/client';
import { describe, expect, it, vi } from 'vitest';
import { Op } from '@parley/protocol';
import { testMessage, testPage } from '../timeline/test-messages.js';
import { FakeClient } from './fake-client.fixture.js';
import { unreadCount } from './reading/unread.js';
import { setUp, withPage } from './chat-session.fixture.js';

withPage();

function deferred<T>() {
  let resolve!: (v: T) => void;
  let reject!: (e: unknown) => void;
  const promise = new Promise<T>((a, b) => ((resolve = a), (reject = b)));
  return { promise, resolve, reject };
}
const tick = () => new Promise((r) => setTimeout(r, 20));

const reconnect = (client: FakeClient) => {
  for (const state of ['reconnecting', 'online'] as const) {
    client.state = state;
    client.emit('state', { state } as never);
  }
};

// Each was seen in a browser: an answer that is late is an answer about the past.
describe('answers that come late', () => {
  it('leave a room shut whose host has put one out since its newest page was asked for', async () => {
    const answer = deferred<unknown>();
    const { session, client, thread } = setUp({ history: () => answer.promise });
    session.open('room:1');
    await tick();
    client.emit('putOut', { roomId: 1, reason: 'kicked', note: 'enough' });
    expect(thread('room:1').phase).toBe('missing');
    answer.resolve(testPage(1, 3));
    await tick();
    expect(thread('room:1')).toMatchObject({ phase: 'missing', timeline: { messages: [] } });
  });

  it('leave a room lost that was lost since', async () => {
    const answer = deferred<unknown>();
    const { session, client, thread } = setUp({ history: () => answer.promise });
    session.open('room:1');
    await tick();
    client.emit('gaveUp', { what: 'messages', roomId: 1, reason: 'ROOM_NOT_FOUND' } as never);
    expect(thread('room:1').phase).toBe('missing');
    answer.resolve(testPage(1, 3));
    await tick();
    expect(thread('room:1').phase).toBe('missing');
  });

  it('leave a room gone that became private since', async () => {
    const answer = deferred<unknown>();
    const { session, client, thread } = setUp({
      history: () => answer.promise,
      room: async () => {
        throw new ApiError(404, 'ROOM_NOT_FOUND', false);
      },
    });
    await tick();
    session.open('room:1');
    client.emit('rooms', { version: 2, rooms: [], removed: [1] } as never);
    await eventually(() => expect(thread('room:1').phase).toBe('missing'));
    answer.resolve(testPage(1, 3));
    await tick();
    expect(thread('room:1').phase).toBe('missing');
  });

  it('leave a conversation on top in which something was said since the list was asked for', async () => {
    const answer = deferred<unknown>();
    const { session, client } = setUp({ conversationsPage: () => answer.promise });
    await tick();
    client.emit(
      'direct',
      testMessage(1, {
        roomId: 90,
        fromUserId: 3,
        fromUserName: 'bo',
        toUserId: 7,
        op: Op.direct,
      } as never) as never,
    );
    await tick();
    answer.resolve({
      conversations: Array.from({ length: 30 }, (_, i) => ({
        roomId: 100 + i,
        peer: { userId: 50 + i, userName: `u${i}` },
        head: 4,
      })),
    });
    await tick();
    const { conversations } = session.state.get();
    expect(conversations.findIndex(({ roomId }) => roomId === 90)).toBe(0);
  });

  it('leave a known one on top, and as far as it had come', async () => {
    const c = (i: number, head = 4) => ({
      roomId: 100 + i,
      peer: { userId: 50 + i, userName: `u${i}` },
      head,
    });
    let n = 0;
    const answer = deferred<unknown>();
    const { session, client } = setUp({
      conversationsPage: () =>
        n++ === 0 ? Promise.resolve({ conversations: [c(0), c(1), c(2)] }) : answer.promise,
    });
    await tick();
    void session.refresh();
    await tick();
    client.emit(
      'direct',
      testMessage(5, {
        roomId: 102,
        fromUserId: 52,
        fromUserName: 'u2',
        toUserId: 7,
        op: Op.direct,
      } as never) as never,
    );
    expect(session.state.get().conversations[0]?.roomId).toBe(102);
    answer.resolve({ conversations: [c(0), c(1), c(2)] });
    await tick();
    expect(session.state.get().conversations[0]).toMatchObject({ roomId: 102, head: 5 });
  });

  it('bring back no room that was left here, however late they are', async () => {
    let n = 0;
    const first = [{ roomId: 4, kind: 'room', seq: 2, head: 9, unread: 7 }];
    const later = deferred<unknown>();
    const { session, client, thread } = setUp({
      unread: () => (n++ === 0 ? Promise.resolve(first) : later.promise),
    });
    await tick();
    expect(unreadCount(thread('room:4'))).toBe(7);
    // asked again
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    client.emit('state', { state: 'reconnecting' } as never);
    vi.useRealTimers();
    session.leave(4);
    await tick();
    await tick();
    expect(session.state.get().threads.has('room:4')).toBe(false);
    // what lists say later
    await session.refresh();
    await tick();
    expect(unreadCount(thread('room:4'))).toBe(0);
  });

  it('bring it back neither when the server’s word of it was lost', async () => {
    let n = 0;
    const first = [{ roomId: 4, kind: 'room', seq: 2, head: 9, unread: 7 }];
    const later = deferred<unknown>();
    const { session, client, thread } = setUp({
      unread: () => (n++ === 0 ? Promise.resolve(first) : later.promise),
    });
    await tick();
    reconnect(client);
    await eventually(() => expect(n).toBe(2));
    session.leave(4);
    await tick();
    const joins = client.joined.length;
    later.resolve(first);
    await tick();
    expect({ joins: client.joined.slice(joins), unread: unreadCount(thread('room:4')) }).toEqual({
      joins: [],
      unread: 0,
    });
  });

  it('bring back no room that was left elsewhere, though two lists were on their way', async () => {
    let n = 0;
    const first = [{ roomId: 4, kind: 'room', seq: 2, head: 9, unread: 7 }];
    const answers = [deferred<unknown>(), deferred<unknown>()];
    const { client, thread } = setUp({ unread: () => answers[n++]!.promise });
    await tick();
    client.emit('read', { roomId: 4, seq: 0, head: 0, unread: 0, forgotten: true } as never);
    reconnect(client);
    await eventually(() => expect(n).toBe(2));
    const joins = client.joined.length;
    answers[0]!.resolve(first);
    await tick();
    answers[1]!.resolve([]);
    await tick();
    expect({ joins: client.joined.slice(joins), unread: unreadCount(thread('room:4')) }).toEqual({
      joins: [],
      unread: 0,
    });
  });

  it('show an own message no longer at the end whose ack says that it is further up', async () => {
    const { session, client, thread } = setUp({
      history: async () => ({ ...testPage(151, 200), more: true }),
    });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.send('room:1', 'said an hour ago');
    await eventually(() => expect(client.sends.length).toBe(1));
    const { clientMsgId, settle } = client.sends[0]!;
    settle({ status: 'acked', ack: { clientMsgId, roomId: 1, seq: 100 } as never });
    await tick();
    expect(thread('room:1').timeline.outgoing).toEqual([]);
  });

  it('show it once when its page comes', async () => {
    let clientMsgId = '';
    const { session, client, thread } = setUp({
      history: async (_: number, { before }: { before?: number }) => {
        if (before === undefined) return { ...testPage(151, 200), more: true };
        const page = testPage(101, 150);
        const messages = page.messages.map((m) =>
          m.seq === 120 ? { ...m, fromUserId: 7, fromUserName: 'me', clientMsgId } : m,
        );
        return { ...page, messages, more: true };
      },
    });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.send('room:1', 'said an hour ago');
    await eventually(() => expect(client.sends.length).toBe(1));
    ({ clientMsgId } = client.sends[0]!);
    client.sends[0]!.settle({ status: 'acked', ack: { clientMsgId, roomId: 1, seq: 120 } as never });
    await tick();
    session.loadOlder('room:1');
    await tick();
    const { messages, outgoing } = thread('room:1').timeline;
    const shown = [...messages, ...outgoing].filter((m) => m.clientMsgId === clientMsgId).length;
    expect(shown).toBe(1);
  });

  it('do not keep an own message at the end when the newest page is past it', async () => {
    let n = 0;
    const late = deferred<unknown>();
    const { session, client, thread } = setUp({
      history: () => (n++ === 0 ? Promise.resolve(testPage(1, 3)) : late.promise),
    });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    // back from a sleep: far behind, and what was written meanwhile is sent at once
    session.setReading('room:1', true);
    client.emit('joined', { roomId: 1, head: 1000, resumed: false } as never);
    session.send('room:1', 'written offline');
    await eventually(() => expect(client.sends.length).toBe(1));
    const { clientMsgId, settle } = client.sends[0]!;
    settle({ status: 'acked', ack: { clientMsgId, roomId: 1, seq: 1001 } as never });
    client.emit('message', testMessage(1001, { fromUserId: 7, clientMsgId } as never) as never);
    for (let seq = 1002; seq <= 1070; seq++) client.emit('message', testMessage(seq) as never);
    late.resolve({ ...testPage(1021, 1070), head: 1070, more: true });
    await tick();
    const { outgoing } = thread('room:1').timeline;
    expect(outgoing).toEqual([]);
  });

  it('make nothing unread of a room that was left: not even the answer to what was read there', async () => {
    const { session, client } = setUp({
      unread: async () => [{ roomId: 4, kind: 'room', seq: 2, head: 9, unread: 7 }],
    });
    await tick();
    session.leave(4);
    await tick();
    client.emit('read', { roomId: 4, seq: 5, head: 9, unread: 4 } as never);
    await tick();
    let sum = 0;
    for (const t of session.state.get().threads.values()) sum += unreadCount(t);
    expect(sum).toBe(0);
  });

  it('leave how many are in a room as it was told since', async () => {
    const answer = deferred<unknown>();
    const { session, client } = setUp({ room: () => answer.promise });
    await tick();
    session.open('room:5');
    await tick();
    const five = { roomId: 5, name: 'five', kind: 'room', online: 3 };
    client.emit('rooms', { version: 2, rooms: [five], removed: [] } as never);
    answer.resolve({ ...five, online: 0 });
    await tick();
    expect(session.state.get().rooms.find(({ roomId }) => roomId === 5)).toEqual(five);
  });
});
