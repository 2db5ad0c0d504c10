import { eventually } from '@parley/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from '../raw-clients.js';
import type { AppProcess, Stack } from '../stack.js';
import { callApi } from './call-api.js';

interface Guest {
  readonly token: string;
  readonly user: { readonly userId: number; readonly userName: string };
}

/** Who has to be let in, by whom, and what he gets before that: nothing. */
export const lobby = (running: () => Stack) =>
  describe('the lobby', () => {
    let stack: Stack;
    let owner: string;
    beforeAll(async () => {
      stack = running();
      owner = await stack.login('demo');
    });

    const callOnce = async (token: string | undefined, method: string, path: string, body?: object) => {
      const answer = await callApi(stack, token, method, path, body);
      if (answer.status === 503) throw new Error(JSON.stringify(answer.body));
      return answer;
    };
    /** Again while a process that was killed is still in the list of those that can be asked. */
    const call = (...request: Parameters<typeof callOnce>) =>
      eventually(() => callOnce(...request), { timeoutMs: 30_000 });
    const settings = (roomId: number, change: object) =>
      call(owner, 'PATCH', `/v1/rooms/${roomId}/settings`, change);
    /** A room whose hosts let people in, and an invitation to it. */
    const setUp = async (name: string, terms: object = {}) => {
      const { body: room } = await call(owner, 'POST', '/v1/rooms', { name });
      const roomId = Number(room['roomId']);
      await settings(roomId, { guestPolicy: 'ASK_MODERATOR' });
      const made = await call(owner, 'POST', `/v1/rooms/${roomId}/invites`, terms);
      const { token: invite, inviteId } = made.body as unknown as { token: string; inviteId: string };
      const come = async (guest: string) =>
        (await call(undefined, 'POST', '/v1/guests', { invite, name: guest })).body;
      const queue = async () => {
        const { body } = await call(owner, 'GET', `/v1/rooms/${roomId}/waiting`);
        return (body['people'] as { userName: string }[]).map(({ userName }) => userName);
      };
      const decide = (what: 'admit' | 'deny', whom: object) =>
        call(owner, 'POST', `/v1/rooms/${roomId}/waiting/${what}`, whom).then(({ body }) => body);
      return {
        roomId,
        invite,
        inviteId,
        come: (guest: string) => come(guest) as unknown as Promise<Guest>,
        queue,
        decide,
      };
    };
    let refs = 0;
    const ask = (client: RawClient, frame: object) => {
      const ref = `l${++refs}`;
      client.send({ ...frame, ref });
      return client.waitFor((answer) => answer['ref'] === ref);
    };
    const wait = async (client: RawClient, roomId: number, { token }: Guest) => {
      expect(await ask(client, { op: 35, roomId, authToken: token })).toMatchObject({
        op: 35,
        state: 'waiting',
      });
      return client;
    };
    const told = (client: RawClient, state: string) =>
      client.waitFor((frame) => frame.op === 35 && frame['state'] === state);

    it('lets guests wait, without anything of the room, until a host admits them, who are told at once on every gateway', async () => {
      const { roomId, come, queue, decide } = await setUp('asks');
      const host = await RawWs.connect(stack.gateway(0).wsUrl);
      await ask(host, { op: 20, roomId, authToken: owner });
      const [ada, bob] = [await come('Adele'), await come('Boris')];
      expect(ada).toMatchObject({ waiting: true, roomId });
      await host.waitFor((frame) => frame.op === 36 && frame['waiting'] === 2);
      const one = await wait(await RawWs.connect(stack.gateway(1).wsUrl), roomId, ada);
      const other = await wait(await RawTcp.connect(stack.gateway(0).tcpPort), roomId, bob);
      for (const [client, { token }] of [
        [one, ada],
        [other, bob],
      ] as const)
        for (const frame of [
          { op: 20, roomId },
          { op: 6, roomId },
          { op: 3, roomId, msg: 'x' },
          { op: 27, roomId },
          { op: 4, roomId },
          { op: 5, roomId },
          { op: 30, roomId, seq: 1 },
          { op: 34, roomId, act: { act: 'delete', seq: 1 } },
        ])
          expect([frame, await ask(client, { ...frame, authToken: token })]).toMatchObject([
            {},
            { code: 'WAITING' },
          ]);
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/messages'],
        ['GET', '/members'],
        ['GET', '/state'],
        ['POST', '/messages'],
        ['GET', '/waiting'],
        ['POST', '/waiting/admit'],
      ] as const)
        expect([
          path,
          (await call(ada.token, method, `/v1/rooms/${roomId}${path}`, method === 'POST' ? {} : undefined))
            .body,
        ]).toMatchObject([path, { code: 'WAITING' }]);
      expect(await queue()).toEqual(['Adele', 'Boris']);
      expect(await decide('admit', { userIds: [ada.user.userId] })).toEqual({ decided: 1, waiting: 1 });
      // Again it is nothing.
      expect(await decide('admit', { userIds: [ada.user.userId] })).toEqual({ decided: 0, waiting: 1 });
      const { session } = (await told(one, 'admitted')) as unknown as { session: Guest };
      const inside = await RawWs.connect(stack.gateway(1).wsUrl);
      expect(await ask(inside, { op: 20, roomId, authToken: session.token })).toMatchObject({
        op: 21,
        userName: 'Adele',
      });
      expect(await ask(inside, { op: 3, roomId, msg: 'hello' })).toMatchObject({ op: 22 });
      // Who asks instead of being told has it as well.
      expect((await call(ada.token, 'GET', `/v1/rooms/${roomId}/waiting/me`)).body).toMatchObject({
        state: 'admitted',
        session: {},
      });
      expect(await decide('deny', { all: true })).toEqual({ decided: 1, waiting: 0 });
      await told(other, 'denied');
      expect(await ask(other, { op: 20, roomId })).toMatchObject({ code: 'WAITING' });
      expect((await call(owner, 'GET', `/v1/rooms/${roomId}/door/log`)).body).toMatchObject({
        lines: [
          { act: 'deny', details: { people: [{ userName: 'Boris' }] } },
          { act: 'admit', actor: { userName: 'demo' }, details: { people: [{ userName: 'Adele' }] } },
          { act: 'enter', actor: { userName: 'Adele' } },
          { act: 'invite' },
        ],
      });
      for (const client of [host, one, other, inside]) client.close();
    });

    it('admits all who wait at that moment, however short a page is, and with `later` those who come', async () => {
      const { roomId, come, decide } = await setUp('all');
      const guests = await Promise.all(Array.from({ length: 12 }, (_, i) => come(`n${i}`)));
      const { body: page } = await call(owner, 'GET', `/v1/rooms/${roomId}/waiting?limit=5`);
      expect(page).toMatchObject({ total: 12, more: true });
      const people = page['people'] as { userId: number; since: number; isGuest: boolean }[];
      expect(people).toHaveLength(5);
      const after = people.at(-1)?.userId;
      expect(
        (await call(owner, 'GET', `/v1/rooms/${roomId}/waiting?limit=10&after=${after}`)).body,
      ).toMatchObject({ total: 12, more: false });
      const last = await wait(await RawWs.connect(stack.gateway(1).wsUrl), roomId, guests.at(-1)!);
      expect(await decide('admit', { all: true, later: true })).toMatchObject({ waiting: 0 });
      await told(last, 'admitted');
      const states = await Promise.all(
        guests.map(
          async ({ token }) => (await call(token, 'GET', `/v1/rooms/${roomId}/waiting/me`)).body['state'],
        ),
      );
      expect(new Set(states)).toEqual(new Set(['admitted']));
      expect(await come('Late')).not.toHaveProperty('waiting');
      last.close();
    });

    it('keeps a place over a killed gateway and a killed logic, and takes nobody in where nobody is to come', async () => {
      const { roomId, come, queue, decide } = await setUp('killed');
      const [ada, bob] = [await come('Adele'), await come('Boris')];
      await wait(await RawWs.connect(stack.gateway(1).wsUrl), roomId, ada);
      await stack.gateway(1).process.kill9();
      await stack.of('logic')[0]?.process.kill9();
      await Promise.all([stack.spawn('connect-gateway'), stack.spawn('logic')]);
      await eventually(async () => expect(await queue()).toEqual(['Adele', 'Boris']));
      const again = await wait(await RawWs.connect(stack.gateway(1).wsUrl), roomId, ada);
      const other = await wait(await RawTcp.connect(stack.gateway(0).tcpPort), roomId, bob);
      await decide('admit', { userIds: [ada.user.userId] });
      await told(again, 'admitted');
      // A room that lets everybody in by now lets in who waits.
      await settings(roomId, { guestPolicy: 'ALWAYS_DENY' });
      expect(await come('Evita')).toMatchObject({ code: 'NO_NEWCOMERS' });
      await settings(roomId, { guestPolicy: 'ALWAYS_ACCEPT' });
      await told(other, 'admitted');
      for (const client of [again, other]) client.close();
    });

    it('keeps who waits and who was let in over a restart of everything', async () => {
      const { roomId, come, queue, decide } = await setUp('restarted');
      const [ada, bob, cleo] = [await come('Adele'), await come('Boris'), await come('Cleo')];
      await decide('admit', { userIds: [cleo.user.userId] });
      await wait(await RawWs.connect(stack.gateway(0).wsUrl), roomId, ada);
      // The site was told where they are.
      const portsOf = ({ app, ports }: AppProcess): Record<string, string> =>
        app === 'gateway-api'
          ? { PARLEY_API_PORT: String(ports['http']) }
          : { PARLEY_WS_PORT: String(ports['ws']), PARLEY_TCP_PORT: String(ports['tcp']) };
      const at = [...stack.of('gateway-api'), ...stack.of('connect-gateway')].map((running) => ({
        app: running.app,
        ports: portsOf(running),
      }));
      const backEnd = stack.apps.filter(({ app, process }) => app !== 'web' && process.running);
      await Promise.all([...backEnd.map(({ process }) => process.kill9()), stack.redis.kill()]);
      await stack.redis.restart();
      await Promise.all([
        ...(['logic', 'logic', 'task-worker', 'task-worker'] as const).map((app) => stack.spawn(app)),
        ...at.map(({ app, ports }) => stack.spawn(app, ports)),
      ]);
      expect(await queue()).toEqual(['Adele', 'Boris']);
      const [one, other] = [
        await wait(await RawWs.connect(stack.gateway(1).wsUrl), roomId, ada),
        await wait(await RawTcp.connect(stack.gateway(0).tcpPort), roomId, bob),
      ];
      const { body: admitted } = await call(cleo.token, 'GET', `/v1/rooms/${roomId}/waiting/me`);
      const inside = await RawWs.connect(stack.gateway(0).wsUrl);
      const authToken = (admitted['session'] as Guest).token;
      expect(await ask(inside, { op: 20, roomId, authToken })).toMatchObject({
        op: 21,
        state: { role: 'guest', guestPolicy: 'ASK_MODERATOR' },
      });
      await decide('admit', { userIds: [ada.user.userId] });
      const { session } = (await told(one, 'admitted')) as unknown as { session: Guest };
      await decide('deny', { all: true });
      await told(other, 'denied');
      const late = await RawWs.connect(stack.gateway(1).wsUrl);
      expect(await ask(late, { op: 20, roomId, authToken: session.token })).toMatchObject({ op: 21 });
      late.close();
      for (const client of [one, other, inside]) client.close();
    });

    it('ends the waiting of who is banned, goes, or has an invitation that was withdrawn', async () => {
      const { roomId, inviteId, come, queue } = await setUp('ended');
      const [ada, bob, eve] = [await come('Adele'), await come('Boris'), await come('Evita')];
      const client = await wait(await RawWs.connect(stack.gateway(1).wsUrl), roomId, ada);
      const banned = await wait(await RawWs.connect(stack.gateway(0).wsUrl), roomId, eve);
      expect((await call(bob.token, 'DELETE', `/v1/rooms/${roomId}/waiting/me`)).status).toBe(204);
      expect(await queue()).toEqual(['Adele', 'Evita']);
      // His name is free.
      expect(await come('Boris')).toMatchObject({ waiting: true });
      await call(owner, 'POST', `/v1/rooms/${roomId}/bans`, { userId: eve.user.userId });
      await told(banned, 'denied');
      expect(await come('Mallory')).toMatchObject({ code: 'BANNED' });
      await call(owner, 'DELETE', `/v1/rooms/${roomId}/invites/${inviteId}`);
      await told(client, 'over');
      expect(await queue()).toEqual([]);
      for (const one of [client, banned]) one.close();
    });

    it('puts guests out in a panic, who wait, and brings them back with calm; one may be let in before', async () => {
      const { roomId, come, decide, queue } = await setUp('panic');
      await settings(roomId, { guestPolicy: 'ALWAYS_ACCEPT' });
      const [ada, bob] = [await come('Adele'), await come('Boris')];
      const [one, other] = [
        await RawWs.connect(stack.gateway(0).wsUrl),
        await RawTcp.connect(stack.gateway(1).tcpPort),
      ];
      for (const [client, { token }] of [
        [one, ada],
        [other, bob],
      ] as const)
        expect(await ask(client, { op: 20, roomId, authToken: token })).toMatchObject({ op: 21 });
      await call(owner, 'PUT', `/v1/rooms/${roomId}/shield`, {});
      for (const client of [one, other])
        await client.waitFor(({ op, reason }) => op === 26 && reason === 'lobby');
      expect(await ask(one, { op: 20, roomId })).toMatchObject({ code: 'WAITING' });
      expect(await ask(other, { op: 27, roomId })).toMatchObject({ code: 'WAITING' });
      for (const path of ['/messages', '/members', '/state'])
        expect((await call(ada.token, 'GET', `/v1/rooms/${roomId}${path}`)).body).toMatchObject({
          code: 'WAITING',
        });
      await settings(roomId, { mode: 'everyone' });
      expect(
        (await call(bob.token, 'POST', `/v1/rooms/${roomId}/messages`, { msg: 'x' })).body,
      ).toMatchObject({ code: 'HOSTS_ONLY' });
      await wait(one, roomId, ada);
      await wait(other, roomId, bob);
      expect(await come('Cleo')).toMatchObject({ waiting: true });
      expect(await queue()).toEqual(['Adele', 'Boris', 'Cleo']);
      await decide('admit', { userIds: [ada.user.userId] });
      await told(one, 'admitted');
      expect(await ask(one, { op: 20, roomId })).toMatchObject({ op: 21 });
      await call(owner, 'DELETE', `/v1/rooms/${roomId}/shield`, {});
      await told(other, 'admitted');
      expect(await ask(other, { op: 20, roomId })).toMatchObject({
        op: 21,
        state: { guestPolicy: 'ALWAYS_ACCEPT', mode: 'everyone' },
      });
      for (const client of [one, other]) client.close();
    });

    it('lets people with an account wait before a private room, whatever they come by', async () => {
      const { roomId, invite, decide } = await setUp('private');
      const member = await stack.login('demo3');
      await call(owner, 'PATCH', `/v1/rooms/${roomId}/door`, { listed: false });
      const join = () => call(member, 'POST', '/v1/rooms/join', { invite });
      expect((await join()).body).toMatchObject({ waiting: true });
      expect((await call(member, 'GET', `/v1/rooms/${roomId}`)).body).toMatchObject({
        code: 'ROOM_NOT_FOUND',
      });
      const client = await RawWs.connect(stack.gateway(1).wsUrl);
      expect(await ask(client, { op: 35, roomId, authToken: member })).toMatchObject({ state: 'waiting' });
      await decide('admit', { all: true });
      await told(client, 'admitted');
      expect(await ask(client, { op: 20, roomId })).toMatchObject({ op: 21, state: { role: 'member' } });
      expect((await join()).body).not.toHaveProperty('waiting');
      client.close();
    });
  });
