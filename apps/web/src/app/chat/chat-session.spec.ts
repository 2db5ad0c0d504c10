import { eventually } from '@parley/testing';
import { ApiError } from '@parley/client';
import { Op, type RoomState } from '@parley/protocol';
import { describe, expect, it, vi } from 'vitest';
import { plainRoom } from './room-state.fixture.js';
import { testMessage, testPage } from '../timeline/test-messages.js';
import { unreadCount } from './reading/unread.js';
import { room, setUp, withPage } from './chat-session.fixture.js';

withPage();

const state: RoomState = { ...plainRoom, roles: { 2: 'owner' } };

describe('hosting', () => {
  it('keeps how a joined room stands, until it is left, with the roles as they were while none changes', () => {
    const { session, client } = setUp();
    const standing = () => session.state.get().roomStates.get(1);
    client.emit('roomState', { roomId: 1, state });
    expect(standing()).toEqual(state);
    client.emit('roomState', { roomId: 1, state: { ...state, mode: 'hosts', roles: { 2: 'owner' } } });
    expect(standing()?.mode).toBe('hosts');
    expect(standing()?.roles).toBe(state.roles);
    session.leave(1);
    expect(standing()).toBeUndefined();
  });

  it('says to a room what a host does', async () => {
    const { session, client } = setUp();
    await session.act(1, { act: 'kick', userId: 2 });
    expect(client.acts).toEqual([[1, { act: 'kick', userId: 2 }]]);
  });

  it('shows nothing of a room any more to who was put out, and goes back only when he asks', async () => {
    let banned = false;
    const { session, client, thread } = setUp({
      history: async () => {
        if (banned) throw new ApiError(403, 'BANNED', false);
        return testPage(1, 3);
      },
      unread: async () => [{ roomId: 1, kind: 'room', seq: 0, head: 3, unread: 3 }],
    });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    client.emit('roomState', { roomId: 1, state });
    const joins = client.joined.length;
    client.emit('putOut', { roomId: 1, reason: 'kicked', note: 'enough' });
    expect(thread('room:1')).toMatchObject({
      phase: 'missing',
      putOut: { reason: 'kicked', note: 'enough' },
      timeline: { messages: [] },
    });
    expect(session.state.get().roomStates.size).toBe(0);
    // Neither by coming back to the page nor by what other devices follow.
    client.emit('state', { state: 'reconnecting' });
    client.emit('state', { state: 'online' });
    await session.refresh();
    expect(client.joined).toHaveLength(joins);
    session.comeBack(1);
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    expect(client.joined).toHaveLength(joins + 1);
    banned = true;
    session.loadLatest('room:1');
    await eventually(() => expect(thread('room:1').putOut).toEqual({ reason: 'banned' }));
  });

  it('tells who was banned while he was away until when', async () => {
    const { session, client, thread } = setUp();
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    const frame = { op: Op.error, code: 'BANNED', message: '', retryable: false } as const;
    client.emit('error', { ...frame, roomId: 1, until: 99 });
    client.emit('gaveUp', { what: 'messages', roomId: 1, from: 4, reason: 'BANNED' });
    expect(thread('room:1').putOut).toEqual({ reason: 'banned', until: 99 });
  });
});

describe('ChatSession', () => {
  it('is connected before anything is opened, so that direct messages arrive', () => {
    expect(setUp().client.joined).toEqual([1]);
  });

  it('shows a room with its newest messages, and what comes live', async () => {
    const { session, client, thread } = setUp();
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    client.emit('message', testMessage(4));
    expect(thread('room:1').timeline.messages.map((message) => message.seq)).toEqual([1, 2, 3, 4]);
  });

  // Whatever was said later stayed unseen until the user himself said something.
  it('shows what was said in an empty room between the answer of its history and the join', async () => {
    const pages = [testPage(0, 0, { messages: [], head: 0, more: false })];
    const { session, client, thread } = setUp({
      history: async () => pages.pop() ?? testPage(1, 4, { more: false }),
    });
    const shown = () => thread('room:1').timeline.messages.map(({ seq }) => seq);
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    const joined = { op: Op.joined, roomId: 1, epoch: 'e1', userId: 7, userName: 'me' } as const;
    client.emit('joined', { ...joined, seq: 3, head: 3, resumed: false });
    client.emit('message', testMessage(4));
    await eventually(() => expect(shown()).toEqual([1, 2, 3, 4]));
    client.emit('message', testMessage(5));
    expect(shown()).toEqual([1, 2, 3, 4, 5]);
  });

  it('leaves a reader who is away where he is, whatever is missing below', async () => {
    const history = vi.fn(async () => testPage(1, 3));
    const { session, client, thread } = setUp({ history });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.setReading('room:1', false);
    const calls = history.mock.calls.length;
    const joined = { op: Op.joined, roomId: 1, epoch: 'e1', userId: 7, userName: 'me' } as const;
    client.emit('joined', { ...joined, seq: 9, head: 9, resumed: false });
    client.emit('message', testMessage(10));
    expect(history.mock.calls.length).toBe(calls);
    expect(thread('room:1').timeline).toMatchObject({ coveredTo: 3, head: 10 });
  });

  it('counts what is not on the screen, and nothing that is', async () => {
    const { session, client, thread } = setUp();
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.setReading('room:1', true);
    client.emit('message', testMessage(4));
    expect(unreadCount(thread('room:1'))).toBe(0);
    session.setReading('room:1', false);
    client.emit('message', testMessage(5));
    expect(unreadCount(thread('room:1'))).toBe(1);
    expect(thread('room:1').unreadAfter).toBe(4);
  });

  it('puts a direct message on top of the conversations, as unread', async () => {
    const { session, client, thread } = setUp();
    await eventually(() => expect(session.state.get().roomsPhase).toBe('ready'));
    client.emit('direct', testMessage(1, { op: Op.direct, roomId: 50, toUserId: 7, toUserName: 'me' }));
    expect(session.state.get().conversations).toEqual([
      { roomId: 50, peer: { userId: 2, userName: 'ana' }, head: 1 },
    ]);
    expect(unreadCount(thread('user:2'))).toBe(1);
  });

  it('keeps a refused message with its reason, and sends it again under the same id', async () => {
    const { session, client, thread } = setUp();
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.send('room:1', 'hello');
    await eventually(() => expect(client.sends).toHaveLength(1));
    const [first] = client.sends;
    first?.settle({
      status: 'refused',
      error: { op: Op.error, code: 'FORBIDDEN', message: '', retryable: false },
    });
    await eventually(() =>
      expect(thread('room:1').timeline.outgoing).toMatchObject([
        { status: 'failed', errorCode: 'FORBIDDEN' },
      ]),
    );
    session.sendAgain(first?.clientMsgId ?? '');
    await eventually(() => expect(client.sends).toHaveLength(2));
    expect(client.sends.map((send) => send.clientMsgId)).toEqual([first?.clientMsgId, first?.clientMsgId]);
    expect(thread('room:1').timeline.outgoing).toMatchObject([{ status: 'pending' }]);
  });

  it('learns the room of a conversation from the first ack', async () => {
    const { session, client, thread } = setUp();
    session.open('user:2');
    session.send('user:2', 'hello');
    await eventually(() => expect(client.sends).toHaveLength(1));
    const ack = {
      op: Op.ack,
      roomId: 50,
      seq: 1,
      epoch: 'e1',
      id: 'x',
      sentAt: 1,
      duplicate: false,
    } as const;
    client.sends[0]?.settle({ status: 'acked', ack: { ...ack, clientMsgId: client.sends[0].clientMsgId } });
    await eventually(() => expect(thread('user:2').roomId).toBe(50));
    expect(client.sends[0]?.to).toBe('user:2');
  });

  it.each([
    [4500, 'expired'],
    [4501, 'revoked'],
  ])('close code %d means: log in again, for it is %s', (code, why) => {
    const { client, onEnded } = setUp();
    client.emit('ended', { code, reason: '' });
    expect(onEnded).toHaveBeenCalledExactlyOnceWith(why);
  });

  it('a 401 means: log in again; other failures are shown', async () => {
    const refused = setUp({
      roomsPage: async () => Promise.reject(new ApiError(401, 'SESSION_REVOKED', false)),
    });
    await eventually(() => expect(refused.onEnded).toHaveBeenCalledWith('revoked'));
    const broken = setUp({ roomsPage: async () => Promise.reject(new ApiError(0, 'NETWORK', true)) });
    await eventually(() => expect(broken.session.state.get().roomsPhase).toBe('failed'));
    expect(broken.onEnded).not.toHaveBeenCalled();
  });

  it('loads what it missed of conversations after a reconnect', async () => {
    let head = 0;
    const conversationsPage = async () => ({
      conversations: [{ roomId: 50, peer: { userId: 2, userName: 'ana' }, head }],
    });
    const unread = async () => [{ roomId: 50, kind: 'direct', seq: 0, head, unread: head }];
    const { client, thread } = setUp({ conversationsPage, unread });
    await eventually(() => expect(thread('user:2').roomId).toBe(50));
    client.state = 'reconnecting';
    client.emit('state', { state: 'reconnecting' });
    head = 5;
    client.state = 'online';
    client.emit('state', { state: 'online' });
    await eventually(() => expect(unreadCount(thread('user:2'))).toBe(5));
  });

  it('joins the room of a conversation as soon as it has one, and once', async () => {
    const { session, client } = setUp();
    session.open('user:2');
    await eventually(() => expect(session.state.get().roomsPhase).toBe('ready'));
    expect(client.joined).toEqual([1]);
    const direct = { op: Op.direct, roomId: 50, toUserId: 2, fromUserId: 7 } as const;
    client.emit('direct', testMessage(1, direct));
    client.emit('direct', testMessage(2, direct));
    expect(client.joined).toEqual([1, 50]);
  });

  it('takes a room that was removed off the screen', async () => {
    let isGone = false;
    const { session, client, thread } = setUp({
      room: async () => {
        if (isGone) throw new ApiError(404, 'ROOM_NOT_FOUND', false);
        return room;
      },
    });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    isGone = true;
    client.emit('rooms', { version: 1, rooms: [], removed: [1] });
    await eventually(() => expect(thread('room:1').phase).toBe('missing'));
    expect(session.state.get().rooms).toEqual([]);
  });

  // Whoever made a room private was told that it does not exist.
  it('leaves a room on the screen that has become private, for who has a place there', async () => {
    const { session, client, thread } = setUp({ room: async () => ({ ...room, private: true }) });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    client.emit('rooms', { version: 1, rooms: [], removed: [1] });
    await eventually(() => expect(session.state.get().rooms).toEqual([{ ...room, private: true }]));
    expect(thread('room:1').phase).toBe('ready');
  });

  // Whoever logged in at a room had all of it read at once, and never saw where the new messages began.
  it('leads whoever comes in at a room to where they left off, before anything becomes read', async () => {
    let answer: (rooms: unknown[]) => void = () => undefined;
    const { session, client, thread } = setUp({ unread: () => new Promise((resolve) => (answer = resolve)) });
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.setReading('room:1', true);
    expect(client.reads).toEqual([]);
    answer([{ roomId: 1, kind: 'room', seq: 1, head: 3, unread: 2 }]);
    await eventually(() => expect(thread('room:1')).toMatchObject({ unreadAfter: 1, place: 1 }));
    expect(client.reads).toEqual([]);
    session.setReading('room:1', true);
    expect(client.reads).toEqual([[1, 3]]);
  });

  it('reports what is read, and what another device has read is no longer unread here', async () => {
    const { session, client, thread } = setUp({
      unread: async () => [{ roomId: 1, kind: 'room', seq: 1, head: 3, unread: 2 }],
      history: async () => testPage(1, 4),
    });
    await eventually(() => expect(unreadCount(thread('room:1'))).toBe(2));
    client.emit('message', testMessage(4));
    client.emit('read', { roomId: 1, seq: 3, head: 3, unread: 0 });
    expect(unreadCount(thread('room:1'))).toBe(1);
    session.open('room:1');
    await eventually(() => expect(thread('room:1').phase).toBe('ready'));
    session.setReading('room:1', true);
    await eventually(() => expect(client.reads.at(-1)).toEqual([1, 4]));
    expect(unreadCount(thread('room:1'))).toBe(0);
  });

  it('begins at the end of a room that was never read, but not before it is known that it was not', async () => {
    let answer!: (rooms: object[]) => void;
    const { session, client, thread } = setUp({ unread: () => new Promise((resolve) => (answer = resolve)) });
    session.open('room:2');
    const joined = { op: Op.joined, epoch: 'A', seq: 9, resumed: false, userId: 7, userName: 'me' } as const;
    client.emit('joined', { ...joined, roomId: 1, head: 9 });
    client.emit('joined', { ...joined, roomId: 2, head: 9 });
    expect(client.reads).toEqual([]);
    answer([{ roomId: 1, kind: 'room', seq: 4, head: 9, unread: 3 }]);
    await eventually(() => expect(client.reads).toEqual([[2, 9]]));
    expect(unreadCount(thread('room:1'))).toBe(3);
  });

  it('joins what is followed on other devices, and leaves what is left there', async () => {
    const unfollow = vi.fn(async () => undefined);
    const { session, client, thread } = setUp({
      unread: async () => [{ roomId: 5, kind: 'room', seq: 1, head: 3, unread: 2 }],
      unfollow,
    });
    await eventually(() => expect(client.joined).toEqual([1, 5]));
    client.emit('read', { roomId: 5, seq: 0, head: 0, unread: 0, forgotten: true });
    expect(thread('room:5').roomId).toBeUndefined();
    expect(unfollow).not.toHaveBeenCalled();
    session.leave(1);
    await eventually(() => expect(unfollow).toHaveBeenCalledWith(1));
  });

  // It came back with its badge, here and on other devices, when the network did.
  it('leaves a room for good, however late the server hears of it', async () => {
    const unfollow = vi.fn().mockRejectedValueOnce(new ApiError(0, 'NETWORK', true));
    const { session } = setUp({ unfollow });
    session.leave(1);
    await eventually(() => expect(unfollow).toHaveBeenCalledTimes(2));
  });

  it('shows rooms that others make while it looks', async () => {
    const { session, client } = setUp();
    await eventually(() => expect(session.state.get().roomsPhase).toBe('ready'));
    client.emit('rooms', {
      version: 1,
      rooms: [{ ...room, roomId: 8, name: 'New', created: true }],
      removed: [],
    });
    expect(session.state.get().rooms.map(({ name }) => name)).toEqual(['New', 'Lobby']);
  });

  it('says that a room does not exist', async () => {
    const history = async () => Promise.reject(new ApiError(404, 'ROOM_NOT_FOUND', false));
    const { session, thread } = setUp({ history });
    session.open('room:9');
    await eventually(() => expect(thread('room:9').phase).toBe('missing'));
  });
});
