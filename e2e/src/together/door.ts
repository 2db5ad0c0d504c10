import { randomUUID } from 'node:crypto';
import { eventually } from '@parley/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from '../raw-clients.js';
import type { Stack } from '../stack.js';
import { callApi } from './call-api.js';

/** Of the admin that the database begins with. */
export const adminPassword = 'of an admin';

interface Guest {
  readonly token: string;
  readonly user: { readonly userId: number; readonly userName: string; readonly role: string };
  readonly roomId: number;
}

/** Who comes in by an invitation, what becomes of him, and that he comes in nowhere else. */
export const door = (running: () => Stack) =>
  describe('the door', () => {
    let stack: Stack;
    let owner: string;
    beforeAll(async () => {
      stack = running();
      owner = await stack.login('demo');
    });

    const call = (token: string | undefined, method: string, path: string, body?: object) =>
      callApi(stack, token, method, path, body);
    const room = async (name: string) => (await stack.api(owner).createRoom(name)).roomId;
    const invite = async (roomId: number, terms: object = {}) =>
      (await call(owner, 'POST', `/v1/rooms/${roomId}/invites`, terms)).body as unknown as {
        token: string;
        inviteId: string;
      };
    const come = (token: string, name: string) =>
      call(undefined, 'POST', '/v1/guests', { invite: token, name });
    const guestOf = async (token: string, name: string) => {
      const { status, body } = await come(token, name);
      expect([status, body]).toMatchObject([201, {}]);
      return body as unknown as Guest;
    };
    let refs = 0;
    const ask = (client: RawClient, frame: object) => {
      const ref = `d${++refs}`;
      client.send({ ...frame, ref });
      return client.waitFor((answer) => answer['ref'] === ref);
    };

    it('lets guests in by name, who speak and are heard on both gateways, and are no members', async () => {
      const roomId = await room('guests');
      const link = await invite(roomId, { maxUses: 3 });
      expect((await call(undefined, 'POST', '/v1/invitation', { invite: link.token })).body).toEqual({
        ...{ roomId, roomName: 'guests', role: 'guest' },
      });
      const [ada, bob] = [await guestOf(link.token, 'Ada'), await guestOf(link.token, 'Bob')];
      expect(ada).toMatchObject({ roomId, user: { userName: 'Ada', role: 'guest' } });
      expect((await come(link.token, 'аda')).body).toMatchObject({ code: 'NAME_TAKEN' });
      expect((await come(link.token, 'Demo')).body).toMatchObject({ code: 'NAME_TAKEN' });
      const [one, other] = [
        await RawWs.connect(stack.gateway(0).wsUrl),
        await RawTcp.connect(stack.gateway(1).tcpPort),
      ];
      const joined = await ask(one, { op: 20, roomId, authToken: ada.token });
      expect(joined).toMatchObject({ op: 21, userName: 'Ada', state: { role: 'guest' } });
      await ask(other, { op: 20, roomId, authToken: bob.token });
      expect(await ask(one, { op: 3, roomId, msg: 'hello' })).toMatchObject({ op: 22 });
      expect(await other.waitForText('hello')).toMatchObject({ fromUserName: 'Ada', fromGuest: true });
      // Whoever sees them sees that they are guests: of these, all.
      const ids = [ada.user.userId, bob.user.userId];
      await one.waitFor(({ op, guests }) => op === 5 && ids.every((id) => (guests as number[]).includes(id)));
      expect((await call(owner, 'GET', `/v1/rooms/${roomId}/members`)).body).toMatchObject({
        members: expect.arrayContaining(
          ids.map((userId) => expect.objectContaining({ userId, guest: true })),
        ),
      });
      await call(owner, 'PATCH', `/v1/rooms/${roomId}/settings`, { mode: 'members' });
      expect(await ask(other, { op: 3, roomId, msg: 'me too' })).toMatchObject({ code: 'HOSTS_ONLY' });
      expect((await call(owner, 'GET', `/v1/rooms/${roomId}/door/log`)).body).toMatchObject({
        lines: [{ act: 'enter', actor: { userName: 'Bob' } }, { act: 'enter' }, { act: 'invite' }],
      });
      await guestOf(link.token, 'Cleo');
      expect((await come(link.token, 'Dora')).body).toMatchObject({ code: 'INVITE_OVER' });
      for (const client of [one, other]) client.close();
    });

    it('makes one guest of tries with the same key, also at once, and who comes with another is somebody else', async () => {
      const roomId = await room('tried twice');
      const { token: invitation } = await invite(roomId, { maxUses: 1 });
      const tries = (name: string, key: string) =>
        callApi(
          stack,
          undefined,
          'POST',
          '/v1/guests',
          { invite: invitation, name },
          { 'idempotency-key': key },
        );
      const key = randomUUID();
      const came = await Promise.all(Array.from({ length: 4 }, () => tries('Ada', key)));
      expect(came.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
      const [ada, same] = came.map(({ body }) => body as unknown as Guest);
      expect(same?.user).toEqual(ada?.user);
      const client = await RawWs.connect(stack.gateway(0).wsUrl);
      expect(await ask(client, { op: 20, roomId, authToken: String(same?.token) })).toMatchObject({ op: 21 });
      expect((await tries('Ada', randomUUID())).body).toMatchObject({ code: 'INVITE_OVER' });
      expect((await tries('Ada', 'a-key-of-others')).body).toMatchObject({ code: 'INVALID' });
      // She is put out: her key brings nothing back.
      await call(owner, 'POST', `/v1/rooms/${roomId}/bans`, { userId: ada?.user.userId });
      await client.waitFor(({ op }) => op === 26);
      const back = (await tries('Ada', key)).body as unknown as Guest;
      const other = await RawWs.connect(stack.gateway(1).wsUrl);
      expect(await ask(other, { op: 20, roomId, authToken: back.token })).toMatchObject({ code: 'BANNED' });
      for (const one of [client, other]) one.close();
    });

    it('lets a guest take another name: both gateways are told, what he writes has it, and the session of before ends', async () => {
      const roomId = await room('names');
      const { token: link } = await invite(roomId);
      const [ada, bob] = [await guestOf(link, 'Ada'), await guestOf(link, 'Bob')];
      const old = await RawWs.connect(stack.gateway(0).wsUrl);
      const other = await RawTcp.connect(stack.gateway(1).tcpPort);
      await ask(old, { op: 20, roomId, authToken: ada.token });
      await ask(other, { op: 20, roomId, authToken: bob.token });
      const rename = (token: string, name: string) => call(token, 'PATCH', '/v1/guests/me', { name });
      expect((await rename(ada.token, 'bоb')).body).toMatchObject({ code: 'NAME_TAKEN' });
      expect((await rename(owner, 'Grace')).body).toMatchObject({ code: 'FORBIDDEN' });
      const { userId } = ada.user;
      const grace = (await rename(ada.token, 'Grace')).body as unknown as Guest;
      expect(grace).toMatchObject({ roomId, user: { userId, userName: 'Grace', role: 'guest' } });
      const told = { op: 33, kind: 'rename', userId, userName: 'Grace', from: 'Ada', fromUserId: userId };
      for (const client of [old, other])
        expect(await client.waitFor(({ kind }) => kind === 'rename')).toMatchObject(told);
      // Where the old connection still is.
      const now = await RawWs.connect(stack.gateway(0).wsUrl);
      expect(await ask(now, { op: 20, roomId, authToken: grace.token })).toMatchObject({ userName: 'Grace' });
      await ask(now, { op: 3, roomId, msg: 'hello' });
      expect(await other.waitForText('hello')).toMatchObject({ fromUserId: userId, fromUserName: 'Grace' });
      await other.waitFor(
        ({ op, roomUserInfo }) => op === 5 && (roomUserInfo as object)[userId as never] === 'Grace',
      );
      expect((await call(owner, 'GET', `/v1/rooms/${roomId}/members`)).body).toMatchObject({
        members: expect.arrayContaining([expect.objectContaining({ userId, userName: 'Grace' })]),
      });
      expect(await old.waitForClose(15_000)).toMatchObject({ code: 4501 });
      expect((await rename(ada.token, 'Eve')).body).toMatchObject({ code: 'SESSION_REVOKED' });
      // Somebody else may have the name now, and what is on record says who had it.
      await guestOf(link, 'Ada');
      await call(owner, 'POST', `/v1/rooms/${roomId}/bans`, { userId, duration: 600 });
      expect((await rename(grace.token, 'Loud')).body).toMatchObject({ code: 'MUTED' });
      expect((await call(owner, 'GET', `/v1/rooms/${roomId}/audit`)).body).toMatchObject({
        lines: expect.arrayContaining([
          expect.objectContaining({ act: 'rename', actor: expect.objectContaining({ userId }) }),
        ]),
      });
      for (const client of [other, now]) client.close();
    });

    it('lets a guest be in that room, and by no frame and no route in another', async () => {
      const [roomId, elsewhere] = [await room('his'), await room('not his')];
      const { token } = await guestOf((await invite(roomId)).token, 'Eve');
      for (const client of [
        await RawWs.connect(stack.gateway(0).wsUrl),
        await RawTcp.connect(stack.gateway(1).tcpPort),
      ]) {
        expect(await ask(client, { op: 20, roomId, authToken: token })).toMatchObject({ op: 21 });
        for (const frame of [
          { op: 20, roomId: elsewhere },
          { op: 6, roomId: elsewhere },
          { op: 3, roomId: elsewhere, msg: 'x' },
          { op: 2, toUserId: 3, msg: 'x' },
          { op: 34, roomId: elsewhere, act: { act: 'delete', seq: 1 } },
          { op: 34, roomId, act: { act: 'settings', mode: 'closed' } },
        ])
          expect([frame, await ask(client, frame)]).toMatchObject([{}, { op: 23, code: 'FORBIDDEN' }]);
        expect(await ask(client, { op: 3, roomId, msg: 'here' })).toMatchObject({ op: 22 });
        client.close();
      }
      for (const [method, path, body] of [
        ['GET', '/v1/rooms'],
        ['POST', '/v1/rooms', { name: 'mine' }],
        ['GET', '/v1/conversations'],
        ['GET', '/v1/users?q=demo'],
        ['GET', '/v1/users/3/presence'],
        ['POST', '/v1/users/3/messages', { msg: 'x' }],
        ['GET', `/v1/rooms/${elsewhere}`],
        ['GET', `/v1/rooms/${elsewhere}/messages`],
        ['GET', `/v1/rooms/${elsewhere}/members`],
        ['GET', `/v1/rooms/${elsewhere}/state`],
        ['POST', `/v1/rooms/${elsewhere}/messages`, { msg: 'x' }],
        ['GET', `/v1/rooms/${roomId}/bans`],
        ['POST', `/v1/rooms/${roomId}/invites`, {}],
      ] as const)
        expect([path, (await call(token, method, path, body)).body]).toMatchObject([
          path,
          { code: 'FORBIDDEN' },
        ]);
      expect((await call(token, 'GET', `/v1/rooms/${roomId}/messages`)).status).toBe(200);
    });

    it('keeps out who was banned, also under another name, but not who comes by another invitation', async () => {
      const roomId = await room('banned');
      const [link, another] = [await invite(roomId), await invite(roomId)];
      const { token, user } = await guestOf(link.token, 'Mallory');
      const client = await RawWs.connect(stack.gateway(1).wsUrl);
      await ask(client, { op: 20, roomId, authToken: token });
      await call(owner, 'POST', `/v1/rooms/${roomId}/bans`, { userId: user.userId });
      await client.waitFor(({ op }) => op === 26);
      expect(await ask(client, { op: 20, roomId })).toMatchObject({ code: 'BANNED' });
      expect((await call(token, 'GET', `/v1/rooms/${roomId}/messages`)).body).toMatchObject({
        code: 'BANNED',
      });
      expect((await come(link.token, 'Trudy')).body).toMatchObject({ code: 'BANNED' });
      await guestOf(another.token, 'Alice');
      await call(owner, 'DELETE', `/v1/rooms/${roomId}/bans/${user.userId}`);
      await guestOf(link.token, 'Trudy');
      client.close();
    });

    it('hides a closed room from everybody but its members, on every way, and leads in by code and password', async () => {
      const roomId = await room('closed for now');
      const [inside, outside] = [await stack.login('demo1'), await stack.login('demo2')];
      const there = await RawWs.connect(stack.gateway(1).wsUrl);
      await ask(there, { op: 20, roomId, authToken: inside });
      const door = await call(owner, 'PATCH', `/v1/rooms/${roomId}/door`, {
        ...{ listed: false, password: 'open sesame', code: true },
      });
      expect(door.body).toMatchObject({ listed: false, hasPassword: true });
      const code = String(door.body['code']);
      // Who was there has stayed.
      expect(await ask(there, { op: 3, roomId, msg: 'we are alone' })).toMatchObject({ op: 22 });

      const names = async () =>
        JSON.stringify([
          (await call(outside, 'GET', '/v1/rooms?limit=200')).body,
          (await call(outside, 'GET', '/v1/rooms?q=closed for')).body,
        ]);
      await eventually(async () => expect(await names()).not.toContain('closed for now'));
      for (const path of ['', '/messages', '/members', '/state', '/door', '/invites'])
        expect([path, (await call(outside, 'GET', `/v1/rooms/${roomId}${path}`)).body]).toMatchObject([
          path,
          { code: 'ROOM_NOT_FOUND' },
        ]);
      expect((await call(outside, 'POST', `/v1/rooms/${roomId}/messages`, { msg: 'x' })).body).toMatchObject({
        code: 'ROOM_NOT_FOUND',
      });
      const seed = await call(undefined, 'POST', '/push/pushRoom', { authToken: outside, roomId, msg: 'x' });
      expect(seed.body).toMatchObject({ code: 1 });
      const strangers = [
        await RawWs.connect(stack.gateway(0).wsUrl),
        await RawTcp.connect(stack.gateway(1).tcpPort),
      ];
      for (const client of strangers)
        for (const frame of [
          { op: 20, roomId, authToken: outside },
          { op: 6, roomId },
          { op: 3, roomId, msg: 'x' },
          { op: 27, roomId },
          { op: 34, roomId, act: { act: 'delete', seq: 1 } },
        ])
          expect([frame, await ask(client, frame)]).toMatchObject([{}, { code: 'ROOM_NOT_FOUND' }]);

      const key = (by: object) => call(outside, 'POST', '/v1/rooms/join', by);
      expect((await key({ code })).body).toMatchObject({ code: 'PASSWORD_NEEDED' });
      expect((await key({ code, password: 'guess' })).body).toMatchObject({ code: 'WRONG_PASSWORD' });
      expect((await key({ code: code.toLowerCase(), password: 'open sesame' })).body).toEqual({
        ...{ roomId, roomName: 'closed for now' },
      });
      for (const client of strangers)
        expect(await ask(client, { op: 20, roomId, authToken: outside })).toMatchObject({ op: 21 });
      // A guest of a closed room is in.
      const guest = await guestOf((await invite(roomId)).token, 'Grace');
      expect((await call(guest.token, 'GET', `/v1/rooms/${roomId}/messages`)).status).toBe(200);
      for (const client of [there, ...strangers]) client.close();
    });

    it('is opened to an admin of the site by one act, which everybody sees and which is on record', async () => {
      const { roomId } = await stack.api(owner).createRoom('behind it', { listed: false });
      const admin = await stack.login('admin', adminPassword);
      const inside = await RawTcp.connect(stack.gateway(1).tcpPort);
      await ask(inside, { op: 20, roomId, authToken: owner });
      const he = await RawWs.connect(stack.gateway(0).wsUrl);
      expect(await ask(he, { op: 20, roomId, authToken: admin })).toMatchObject({ code: 'ROOM_NOT_FOUND' });
      for (const path of ['', '/messages', '/audit', '/door'])
        expect((await call(admin, 'GET', `/v1/rooms/${roomId}${path}`)).body).toMatchObject({
          code: 'ROOM_NOT_FOUND',
        });
      expect((await call(admin, 'POST', `/v1/rooms/${roomId}/takeover`)).body).toMatchObject({ roomId });
      expect(await inside.waitFor(({ kind }) => kind === 'roles')).toMatchObject({
        roles: [{ userName: 'admin', role: 'owner' }],
      });
      expect(await ask(he, { op: 20, roomId })).toMatchObject({ op: 21, state: { role: 'owner' } });
      await eventually(async () => {
        expect((await call(owner, 'GET', `/v1/rooms/${roomId}/audit`)).body).toMatchObject({
          lines: [{ act: 'takeOver', actor: { userName: 'admin' } }],
        });
        expect((await call(admin, 'GET', '/v1/rooms')).body).toMatchObject({
          rooms: expect.arrayContaining([expect.objectContaining({ roomId, private: true })]),
        });
      });
      for (const client of [inside, he]) client.close();
    });

    it('gives speakers their voice by an invitation of the owner', async () => {
      const roomId = await room('speakers');
      const link = await invite(roomId, { role: 'speaker', maxUses: 1 });
      expect((await come(link.token, 'Heidi')).body).toMatchObject({ code: 'FORBIDDEN' });
      const speaker = await stack.login('demo3');
      const joined = await call(speaker, 'POST', '/v1/rooms/join', { invite: link.token });
      expect(joined.body).toMatchObject({ roomId });
      await call(owner, 'PATCH', `/v1/rooms/${roomId}/settings`, { mode: 'speakers' });
      expect((await call(speaker, 'POST', `/v1/rooms/${roomId}/messages`, { msg: 'hear' })).status).toBe(201);
    });

    it('opens to nobody by an invitation that was withdrawn; guests stay, or leave with it', async () => {
      const roomId = await room('withdrawn');
      const link = await invite(roomId);
      const { token } = await guestOf(link.token, 'Oscar');
      const client = await RawTcp.connect(stack.gateway(0).tcpPort);
      await ask(client, { op: 20, roomId, authToken: token });
      const path = `/v1/rooms/${roomId}/invites/${link.inviteId}`;
      expect((await call(await stack.login('demo1'), 'DELETE', path)).body).toMatchObject({
        code: 'FORBIDDEN',
      });
      expect((await call(owner, 'DELETE', path)).status).toBe(204);
      expect((await come(link.token, 'Peggy')).body).toMatchObject({ code: 'INVITE_NOT_FOUND' });
      expect(await ask(client, { op: 3, roomId, msg: 'still here' })).toMatchObject({ op: 22 });
      await call(owner, 'DELETE', `${path}?sessions=end`);
      expect(await client.waitFor(({ code }) => code === 'SESSION_REVOKED')).toBeDefined();
      client.close();
    });
  });
