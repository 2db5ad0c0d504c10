import { eventually } from '@parley/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from '../raw-clients.js';
import type { Stack } from '../stack.js';

type Frame = Record<string, unknown>;

/** What hosts do to rooms, as people on two gateways and over both transports see it. */
export const hosting = (running: () => Stack) =>
  describe('hosting', () => {
    let stack: Stack;
    /** demo makes the rooms, and so owns them; the others are members. */
    let tokens: string[];
    const ids: number[] = [];

    beforeAll(async () => {
      stack = running();
      tokens = await Promise.all(['demo', 'demo1', 'demo2', 'demo3'].map((name) => stack.login(name)));
      for (const token of tokens) ids.push((await stack.api(token).me()).userId);
    });

    const room = async (name: string) => (await stack.api(tokens[0]).createRoom(name)).roomId;
    const join = async (client: RawClient, user: number, roomId: number, resume: object = {}) => {
      client.send({ op: 20, authToken: tokens[user], roomId, ...resume });
      return client.waitFor(({ op, roomId: id }) => op === 21 && id === roomId);
    };
    let refs = 0;
    const ask = async (client: RawClient, frame: object): Promise<Frame> => {
      const ref = `r${++refs}`;
      client.send({ ...frame, ref });
      return client.waitFor((answer) => answer['ref'] === ref && answer['op'] !== 21);
    };
    const act = (client: RawClient, roomId: number, what: object) =>
      ask(client, { op: 34, roomId, act: what });
    const say = (client: RawClient, roomId: number, msg: string, more: object = {}) =>
      ask(client, { op: 3, roomId, msg, ...more });
    const event = (client: RawClient, kind: string) =>
      client.waitFor((frame) => frame['op'] === 33 && frame['kind'] === kind);
    const call = async (user: number, method: string, path: string, body?: object) => {
      const response = await fetch(`${stack.apiUrl}/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${tokens[user]}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text ? JSON.parse(text) : undefined) as Frame };
    };
    /** The owner over WebSocket, a member over TCP on the other gateway, another one beside the owner. */
    const three = async (roomId: number) => {
      const owner = await RawWs.connect(stack.gateway(0).wsUrl);
      const member = await RawTcp.connect(stack.gateway(1).tcpPort);
      const other = await RawWs.connect(stack.gateway(0).wsUrl);
      const joined = await join(owner, 0, roomId);
      await join(member, 1, roomId);
      await join(other, 2, roomId);
      return { owner, member, other, joined };
    };

    it('tells who joins how the room stands, and everybody what changes, at a number', async () => {
      const roomId = await room('state');
      const { owner, member, joined } = await three(roomId);
      expect(joined['state']).toMatchObject({
        mode: 'everyone',
        slowModeWaitTime: 0,
        role: 'owner',
        pins: [],
      });
      const ack = await act(owner, roomId, { act: 'settings', mode: 'hosts' });
      expect(ack).toMatchObject({ op: 22, seq: 1 });
      expect(await event(member, 'settings')).toMatchObject({
        seq: 1,
        settings: { mode: 'hosts' },
        fromUserId: 0,
      });
      expect(await say(member, roomId, 'me too')).toMatchObject({
        op: 23,
        code: 'HOSTS_ONLY',
        retryable: false,
      });
      expect(await say(owner, roomId, 'quiet, please')).toMatchObject({ op: 22, seq: 2 });
      const late = await RawWs.connect(stack.gateway(1).wsUrl);
      expect((await join(late, 3, roomId))['state']).toMatchObject({ mode: 'hosts', role: 'member' });
      // Whoever comes back gets the act before anything else.
      const back = await RawWs.connect(stack.gateway(1).wsUrl);
      await join(back, 2, roomId, { lastSeq: 0, epoch: ack['epoch'] });
      await back.waitFor(({ seq, op }) => op === 3 && seq === 2);
      expect(back.frames.filter(({ op }) => op === 33 || op === 3).map(({ seq }) => seq)).toEqual([1, 2]);
      expect((await call(2, 'GET', `/rooms/${roomId}/state`)).body).toMatchObject({
        state: { mode: 'hosts' },
      });
    });

    it('stops one person for a while, whatever the room is set to, and says until when', async () => {
      const roomId = await room('timeout');
      const { owner, member } = await three(roomId);
      await act(owner, roomId, { act: 'timeout', userId: ids[1], seconds: 600, reason: 'spam' });
      const refused = await say(member, roomId, 'but');
      expect(refused).toMatchObject({ op: 23, code: 'MUTED' });
      expect(Number(refused['until'])).toBeGreaterThan(Date.now() + 500_000);
      // Lifting one never lifts the other.
      await act(owner, roomId, { act: 'settings', mode: 'hosts' });
      await act(owner, roomId, { act: 'settings', mode: 'everyone' });
      expect(await say(member, roomId, 'now?')).toMatchObject({ code: 'MUTED' });
      expect((await call(0, 'GET', `/rooms/${roomId}/bans`)).body).toMatchObject({
        restrictions: [{ userId: ids[1], userName: 'demo1', kind: 'timeout', by: 'demo', reason: 'spam' }],
      });
      expect((await call(0, 'DELETE', `/rooms/${roomId}/bans/${ids[1]}`)).status).toBe(200);
      expect(await say(member, roomId, 'thanks')).toMatchObject({ op: 22 });
    });

    it('lets one person speak once in so many seconds in slow mode, over every door', async () => {
      const roomId = await room('slow');
      const { owner, member } = await three(roomId);
      await act(owner, roomId, { act: 'settings', slowModeWaitTime: 60 });
      expect(await say(member, roomId, 'one')).toMatchObject({ op: 22 });
      const refused = await say(member, roomId, 'two');
      expect(refused).toMatchObject({ code: 'SLOW_MODE', retryable: true });
      expect(Number(refused['retryAfterMs'])).toBeGreaterThan(30_000);
      expect((await call(1, 'POST', `/rooms/${roomId}/messages`, { msg: 'three' })).body).toMatchObject({
        code: 'SLOW_MODE',
      });
      expect(await say(owner, roomId, 'a')).toMatchObject({ op: 22 });
      expect(await say(owner, roomId, 'b')).toMatchObject({ op: 22 });
    });

    it('hides a deleted text from everybody who reads from then on, and gives it back', async () => {
      const roomId = await room('delete');
      const { owner, member, other } = await three(roomId);
      const clientMsgId = `bad-${roomId}`;
      const sent = await say(member, roomId, 'a bad word', { clientMsgId });
      await other.waitFor(({ msg }) => msg === 'a bad word');
      const ack = await act(owner, roomId, { act: 'delete', seq: sent['seq'], reason: 'language' });
      expect(await event(other, 'delete')).toMatchObject({
        seq: ack['seq'],
        range: { from: sent['seq'], to: sent['seq'] },
        by: 'moderator',
      });
      const tombstone = {
        seq: sent['seq'],
        deleted: { by: 'moderator', reason: 'language' },
        fromUserName: 'demo1',
      };
      // Over HTTP, in a page over TCP, and on resume at the other gateway.
      const page = await call(2, 'GET', `/rooms/${roomId}/messages`);
      expect(page.body['messages']).toMatchObject([tombstone, { op: 33, kind: 'delete' }]);
      expect(JSON.stringify(page.body)).not.toContain('bad word');
      const history = await ask(member, { op: 27, roomId });
      expect(JSON.stringify(history)).not.toContain('bad word');
      const back = await RawWs.connect(stack.gateway(1).wsUrl);
      await join(back, 3, roomId, { lastSeq: 0, epoch: ack['epoch'] });
      expect(await back.waitFor(({ seq }) => seq === sent['seq'])).toMatchObject(tombstone);
      expect(back.frames.some(({ msg }) => msg === 'a bad word')).toBe(false);
      // A repeated send gets its first ack, and appends nothing.
      expect(await say(member, roomId, 'a bad word', { clientMsgId })).toMatchObject({
        op: 22,
        seq: sent['seq'],
        duplicate: true,
      });
      expect((await call(0, 'GET', `/rooms/${roomId}/messages/${sent['seq']}/original`)).body).toMatchObject({
        msg: 'a bad word',
      });
      expect((await call(1, 'GET', `/rooms/${roomId}/messages/${sent['seq']}/original`)).body).toMatchObject({
        code: 'FORBIDDEN',
      });
      await act(owner, roomId, { act: 'restore', seq: sent['seq'] });
      expect(JSON.stringify((await call(2, 'GET', `/rooms/${roomId}/messages`)).body)).toContain(
        'a bad word',
      );
    });

    it('takes back one’s own for a while, and nobody else’s', async () => {
      const roomId = await room('own');
      const { member, other } = await three(roomId);
      const sent = await say(member, roomId, 'oops');
      expect(await act(other, roomId, { act: 'delete', seq: sent['seq'] })).toMatchObject({
        code: 'FORBIDDEN',
      });
      expect(await act(member, roomId, { act: 'delete', seq: sent['seq'] })).toMatchObject({ op: 22 });
      expect(await event(other, 'delete')).toMatchObject({ by: 'self', fromUserId: ids[1] });
      expect(await act(member, roomId, { act: 'delete', seq: 999 })).toMatchObject({
        code: 'MESSAGE_NOT_FOUND',
      });
    });

    it('puts a banned person out on every gateway, and lets nobody in by another door', async () => {
      const roomId = await room('ban');
      const { owner, member, other } = await three(roomId);
      const second = await RawWs.connect(stack.gateway(0).wsUrl);
      await join(second, 1, roomId);
      const ack = await act(owner, roomId, { act: 'ban', userId: ids[1], reason: 'enough' });
      expect(ack).toMatchObject({ op: 22 });
      for (const client of [member, second])
        expect(await client.waitFor(({ op, reason }) => op === 26 && reason === 'banned')).toMatchObject({
          roomId,
          note: 'enough',
        });
      await say(owner, roomId, 'he is gone');
      await other.waitFor(({ msg }) => msg === 'he is gone');
      expect(member.frames.some(({ msg }) => msg === 'he is gone')).toBe(false);
      expect(await ask(member, { op: 20, roomId })).toMatchObject({ op: 23, code: 'BANNED' });
      expect(await ask(member, { op: 27, roomId })).toMatchObject({ code: 'BANNED' });
      expect(await say(member, roomId, 'hello?')).toMatchObject({ code: 'BANNED' });
      for (const [method, path, body] of [
        ['GET', `/rooms/${roomId}/messages`],
        ['GET', `/rooms/${roomId}/members`],
        ['GET', `/rooms/${roomId}/state`],
        ['POST', `/rooms/${roomId}/messages`, { msg: 'x' }],
        ['PUT', `/rooms/${roomId}/shield`, {}],
      ] as const)
        expect((await call(1, method, path, body)).body, path).toMatchObject({ code: 'BANNED' });
      await act(owner, roomId, { act: 'unban', userId: ids[1] });
      expect(await join(member, 1, roomId)).toMatchObject({ op: 21 });
    });

    it('gives roles, keeps an owner, and lets nobody act on who is not below him', async () => {
      const roomId = await room('roles');
      const { owner, member, other } = await three(roomId);
      expect(await act(member, roomId, { act: 'settings', mode: 'hosts' })).toMatchObject({
        code: 'FORBIDDEN',
      });
      expect(await act(owner, roomId, { act: 'role', userId: ids[0], role: 'member' })).toMatchObject({
        code: 'LAST_OWNER',
      });
      await act(owner, roomId, { act: 'role', userId: ids[1], role: 'moderator' });
      expect(await event(other, 'roles')).toMatchObject({ roles: [{ userId: ids[1], role: 'moderator' }] });
      expect(await act(member, roomId, { act: 'kick', userId: ids[0] })).toMatchObject({ code: 'FORBIDDEN' });
      expect(await act(member, roomId, { act: 'role', userId: ids[2], role: 'moderator' })).toMatchObject({
        code: 'FORBIDDEN',
      });
      expect(await act(member, roomId, { act: 'role', userId: ids[2], role: 'speaker' })).toMatchObject({
        op: 22,
      });
      await act(owner, roomId, { act: 'handOver', userId: ids[1] });
      expect((await call(1, 'GET', `/rooms/${roomId}/state`)).body).toMatchObject({
        state: { role: 'owner', roles: { [String(ids[0])]: 'moderator', [String(ids[2])]: 'speaker' } },
      });
    });

    it('pins up to three messages, for those who come late, and unpins what is deleted', async () => {
      const roomId = await room('pins');
      const { owner, other } = await three(roomId);
      for (const text of ['a', 'b', 'c', 'd']) await say(owner, roomId, text);
      for (const seq of [1, 2, 3])
        expect((await call(0, 'PUT', `/rooms/${roomId}/pins/${seq}`, {})).status).toBe(200);
      expect((await call(0, 'PUT', `/rooms/${roomId}/pins/4`, {})).body).toMatchObject({
        code: 'TOO_MANY_PINS',
      });
      const late = await RawWs.connect(stack.gateway(1).wsUrl);
      expect((await join(late, 3, roomId))['state']).toMatchObject({
        pins: [{ text: 'a' }, { text: 'b' }, { text: 'c' }],
      });
      await act(owner, roomId, { act: 'delete', seq: 2 });
      expect(await event(other, 'delete')).toMatchObject({ pins: [{ seq: 1 }, { seq: 3 }] });
    });

    it('announces to everybody, to gochat’s clients as a plain message', async () => {
      const roomId = await room('announce');
      const { owner, other } = await three(roomId);
      const old = await RawTcp.connect(stack.gateway(1).tcpPort);
      old.send({ op: 6, authToken: tokens[3], roomId });
      await old.waitFor(({ op }) => op === 21);
      await act(owner, roomId, { act: 'settings', slowModeWaitTime: 1 });
      await act(owner, roomId, { act: 'announce', style: 'warning', msg: 'The exam begins' });
      expect(await event(other, 'announcement')).toMatchObject({
        style: 'warning',
        msg: 'The exam begins',
        fromUserName: 'demo',
      });
      expect(await old.waitFor(({ op }) => op === 3)).toMatchObject({
        msg: 'The exam begins',
        fromUserName: 'demo',
        seq: 2,
      });
      expect(old.frames.some(({ op }) => op === 33)).toBe(false);
    });

    it('puts a room in order with one act, and gives back exactly what was', async () => {
      const roomId = await room('panic');
      const { owner, member, other } = await three(roomId);
      await act(owner, roomId, { act: 'settings', mode: 'members', slowModeWaitTime: 1 });
      await say(owner, roomId, 'lesson');
      const spam = await say(member, roomId, 'spam');
      await act(owner, roomId, { act: 'delete', seq: spam['seq'] });
      await say(other, roomId, 'more spam');
      await act(owner, roomId, { act: 'panic', hideLastSeconds: 600 });
      expect(await event(member, 'panic')).toMatchObject({ settings: { mode: 'hosts' } });
      const texts = async () =>
        ((await call(3, 'GET', `/rooms/${roomId}/messages`)).body['messages'] as Frame[])
          .filter(({ op, deleted }) => op === 3 && deleted === undefined)
          .map(({ msg }) => msg);
      expect(await texts()).toEqual(['lesson']);
      expect(await say(member, roomId, 'x')).toMatchObject({ code: 'HOSTS_ONLY' });
      await act(owner, roomId, { act: 'calm', restore: true });
      // What had been deleted before stays deleted.
      expect(await texts()).toEqual(['lesson', 'more spam']);
      expect((await call(3, 'GET', `/rooms/${roomId}/state`)).body).toMatchObject({
        state: { mode: 'members', slowModeWaitTime: 1, panic: false },
      });
      expect(await act(owner, roomId, { act: 'calm' })).toMatchObject({ code: 'NOTHING_TO_UNDO' });
    });

    it('keeps an audit log for hosts, and an act that is repeated is done once', async () => {
      const roomId = await room('audit');
      const { owner } = await three(roomId);
      const again = {
        op: 34,
        roomId,
        act: { act: 'kick', userId: ids[2], reason: 'why not' },
        clientMsgId: `k-${roomId}`,
      };
      const first = await ask(owner, again);
      expect(await ask(owner, again)).toMatchObject({ seq: first['seq'], duplicate: true });
      const { body } = await call(0, 'GET', `/rooms/${roomId}/audit`);
      expect(body).toMatchObject({
        lines: [
          {
            act: 'kick',
            seq: first['seq'],
            actor: { userName: 'demo', role: 'owner' },
            target: { userName: 'demo2' },
            reason: 'why not',
          },
        ],
        more: false,
      });
      expect((await call(1, 'GET', `/rooms/${roomId}/audit`)).body).toMatchObject({ code: 'FORBIDDEN' });
      await eventually(async () =>
        expect((await call(0, 'GET', `/rooms/${roomId}/audit?about=${ids[2]}`)).body).toMatchObject({
          lines: [{ act: 'kick' }],
        }),
      );
    });
  });
