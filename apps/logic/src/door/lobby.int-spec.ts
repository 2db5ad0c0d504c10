import type { LobbyEvent } from '@parley/contracts';
import { AppError, factNames, limits, type RoomFacts } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { GuestsRepository } from './guests.repository.js';
import { InvitesRepository, type InviteTerms } from './invites.repository.js';
import { LobbyHints } from './lobby-hints.js';
import { LobbyService } from './lobby.service.js';
import { WaitingRepository } from './waiting.repository.js';

const HOUR = 3_600_000;
const owner = { userId: 3, userName: 'demo', role: 'owner' as const };

/** When people were heard of, in memory, by a clock that the test sets. */
function memoryOfHearing() {
  const heard = new Map<number, number>();
  let nowMs = 0;
  return {
    heard,
    pass: (ms: number) => (nowMs += ms),
    heardOf: async (_: number, ids: readonly number[]) => ids.forEach((id) => heard.set(id, nowMs)),
    silences: async (_: number, ids: readonly number[]) =>
      ids.map((id) => {
        if (!heard.has(id)) heard.set(id, nowMs);
        return nowMs - (heard.get(id) ?? 0);
      }),
    forget: async (_: number, ids: readonly number[]) => ids.forEach((id) => heard.delete(id)),
  };
}

describeSql('The lobby', (server) => {
  async function open(facts: Map<string, string> = new Map([[factNames.guests, 'ASK_MODERATOR']])) {
    const url = await server.createDatabase();
    const hearing = memoryOfHearing();
    const told: LobbyEvent[] = [];
    const revoke = vi.fn(async () => undefined);
    const start = async () => {
      const app = await openSql(url, { demo: true });
      const people = app.get(WaitingRepository);
      const store = {
        someFacts: async (asks: readonly { readonly names: readonly string[] }[]) =>
          asks.map(({ names }) => names.map((name) => facts.get(name))),
        nowMs: async () => Date.now(),
        facts: async (): Promise<RoomFacts> => facts,
      };
      const hints = new LobbyHints(people, hearing, store, {
        publish: async (_, event) => void told.push(event as LobbyEvent),
      });
      onTestFinished(() => hints.onApplicationShutdown());
      const lobby = new LobbyService(
        people,
        hearing,
        hints,
        store,
        { ensure: async () => ({ seq: 0, epoch: 'e', floor: 0 }) },
        {
          forHost: async (userId) => {
            if (userId !== owner.userId) throw new AppError('FORBIDDEN');
            return new Map([[factNames.role(userId), 'owner']]);
          },
        },
        {
          issue: async (_user, { sessionId = '' } = {}) => ({
            token: `of ${sessionId}`,
            expiresAt: 9,
            sessionId,
          }),
        },
        { revoke },
        { act: () => Promise.reject(new AppError('FORBIDDEN')) },
      );
      return { app, lobby, people };
    };
    const { app, lobby, people } = await start();
    const [invites, guests] = [app.get(InvitesRepository), app.get(GuestsRepository)];
    const { roomId } = await app.get(RoomsRepository).create('Physics', owner.userId);
    let made = 0;
    const invite = async (terms: Partial<InviteTerms> = {}) => {
      const hash = `hash-${++made}`;
      return { ...(await invites.create(roomId, owner, hash, { role: 'guest', ...terms })), hash };
    };
    const come = async (tokenHash: string, name: string, admittedAt?: number) => {
      await lobby.sweep(roomId, { name });
      const guest = await guests.admit({
        ...{ name, tokenHash, addressHash: 'a1', sessionId: `s-${name}`, expiresAt: Date.now() + HOUR },
        admittedAt,
      });
      await lobby.came(roomId, guest.userId);
      return guest.userId;
    };
    const names = async () =>
      (await lobby.list(owner.userId, roomId, { limit: 100 })).people.map(({ userName }) => userName);
    const states = async (...ids: number[]) => (await lobby.ask(roomId, ids)).map((state) => state?.state);
    const decide = (admit: boolean, userIds?: number[]) =>
      lobby.decide({ ...owner, roomId }, { admit, ...(userIds && { userIds }) });
    return {
      ...{ url, app, lobby, people, invites, guests, roomId, facts, hearing, told, revoke },
      ...{ start, invite, come, names, states, decide },
    };
  }
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );

  it('lists who waits in the order in which they came, and lets in and turns away each once', async () => {
    const { roomId, lobby, invite, come, names, states, decide, invites } = await open();
    const { hash, inviteId } = await invite();
    const [ada, bob, cleo] = [await come(hash, 'Ada'), await come(hash, 'Bob'), await come(hash, 'Cleo')];
    const page = await lobby.list(owner.userId, roomId, { limit: 2 });
    expect(page).toMatchObject({
      total: 3,
      more: true,
      people: [{ userName: 'Ada', isGuest: true, inviteId, invitedBy: 'demo' }, { userName: 'Bob' }],
    });
    expect(await lobby.list(owner.userId, roomId, { after: bob, limit: 2 })).toMatchObject({
      more: false,
      people: [{ userName: 'Cleo' }],
    });
    expect(await code(lobby.list(4, roomId, { limit: 1 }))).toBe('FORBIDDEN');
    // Nobody has come by it yet.
    expect((await invites.open(roomId))[0]).toMatchObject({ uses: 0 });
    const both = await Promise.all([decide(true, [ada]), decide(true, [ada])]);
    expect(both.map(({ decided }) => decided).sort()).toEqual([0, 1]);
    expect(await decide(false, [bob, ada, 999])).toEqual({ decided: 1, waiting: 1 });
    expect(await decide(true, [bob])).toMatchObject({ decided: 0 });
    expect(await states(ada, bob, cleo, 999)).toEqual(['admitted', 'denied', 'waiting', undefined]);
    expect(await lobby.ask(roomId, [ada])).toMatchObject([
      { session: { token: 'of s-Ada', roomId, user: { userName: 'Ada', role: 'guest' } } },
    ]);
    expect(await names()).toEqual(['Cleo']);
    expect((await invites.open(roomId))[0]).toMatchObject({ uses: 1 });
    // Who was turned away has left his name.
    expect(await code(come(hash, 'Bob'))).toBe('ok');
  });

  it('keeps who waits, and what became of him, over a restart', async () => {
    const { roomId, start, invite, come, decide, hearing } = await open();
    const { hash } = await invite();
    const [ada, bob] = [await come(hash, 'Ada'), await come(hash, 'Bob')];
    await decide(true, [ada]);
    // Redis has lost everything, too.
    hearing.heard.clear();
    const { lobby } = await start();
    expect(await lobby.list(owner.userId, roomId, { limit: 9 })).toMatchObject({
      people: [{ userName: 'Bob' }],
    });
    expect(await lobby.ask(roomId, [ada, bob])).toMatchObject([{ state: 'admitted' }, { state: 'waiting' }]);
  });

  it('does not list who was not heard of for half a minute, who comes back into his place', async () => {
    const { invite, come, names, states, hearing, decide } = await open();
    const { hash } = await invite();
    const [ada, bob] = [await come(hash, 'Ada'), await come(hash, 'Bob')];
    hearing.pass(limits.waitingLeaseMs - 1);
    await states(bob);
    expect(await names()).toEqual(['Ada', 'Bob']);
    hearing.pass(1);
    expect(await names()).toEqual(['Bob']);
    expect(await states(ada)).toEqual(['waiting']);
    expect(await names()).toEqual(['Ada', 'Bob']);
    // His name is another's who comes while he is not heard of.
    hearing.pass(limits.waitingLeaseMs);
    await states(bob);
    expect(await code(come(hash, 'Bob'))).toBe('NAME_TAKEN');
    await come(hash, 'Ada');
    expect(await states(ada, bob)).toEqual(['over', 'waiting']);
    // All who are listed, and nobody else.
    hearing.pass(limits.waitingLeaseMs);
    await states(bob);
    expect(await decide(true)).toEqual({ decided: 1, waiting: 0 });
  });

  it('has lost the place of who was away for ten minutes', async () => {
    const { invite, come, names, states, hearing } = await open();
    const { hash } = await invite();
    const [ada, bob] = [await come(hash, 'Ada'), await come(hash, 'Bob')];
    hearing.pass(limits.waitingPlaceMs - 1);
    expect(await names()).toEqual([]);
    expect(await states(bob)).toEqual(['waiting']);
    hearing.pass(1);
    expect(await names()).toEqual(['Bob']);
    await eventually(async () => expect(await states(ada)).toEqual(['over']));
  });

  it('lets in as many as an invitation has left, the first to come first', async () => {
    const { roomId, invites, invite, come, states, decide, names } = await open();
    const { hash, inviteId } = await invite({ maxUses: 2 });
    const ids = [await come(hash, 'Ada'), await come(hash, 'Bob'), await come(hash, 'Cleo')];
    expect(await decide(true)).toEqual({ decided: 2, waiting: 0 });
    expect(await states(...ids)).toEqual(['admitted', 'admitted', 'over']);
    const other = await invite();
    const dora = await come(other.hash, 'Dora');
    await invites.withdraw(roomId, owner, other.inviteId, {});
    expect(await names()).toEqual([]);
    expect(await states(dora)).toEqual(['over']);
    expect(await decide(true, [dora])).toMatchObject({ decided: 0 });
    expect(inviteId).not.toBe(other.inviteId);
  });

  it('lets in who waits where everybody may come by now, and turns away who is banned', async () => {
    const { invite, come, states, facts } = await open();
    const { hash } = await invite();
    const [ada, eve] = [await come(hash, 'Ada'), await come(hash, 'Eve')];
    facts.set(factNames.banned(eve), String(Date.now() + HOUR));
    facts.delete(factNames.guests);
    expect(await states(ada, eve)).toEqual(['admitted', 'denied']);
  });

  it('has guests wait whom a panic has put out, until it is over or a host lets them in', async () => {
    const { invite, come, states, names, decide, facts, revoke } = await open(new Map());
    const { hash, inviteId } = await invite();
    const before = Date.now() - 1_000;
    const ids = [
      await come(hash, 'Ada', before),
      await come(hash, 'Bob', before),
      await come(hash, 'Eve', before),
    ];
    const [ada = 0, bob = 0, eve = 0] = ids;
    expect(await states(ada)).toEqual(['admitted']);
    facts.set(factNames.guests, 'ASK_MODERATOR');
    facts.set(factNames.prior, JSON.stringify({ since: Date.now() }));
    expect(await states(ada, bob, eve)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(await names()).toEqual(['Ada', 'Bob', 'Eve']);
    await decide(true, [ada]);
    // Whoever had a session that is good for the room has none any more.
    await decide(false, [eve]);
    expect(revoke.mock.calls).toMatchObject([['s-Eve', expect.any(Number)]]);
    expect(await states(ada, bob, eve)).toEqual(['admitted', 'waiting', 'denied']);
    facts.clear();
    expect(await names()).toEqual([]);
    expect(await states(ada, bob, eve)).toEqual(['admitted', 'admitted', 'denied']);
    // A second one puts out whom a host had let in.
    facts.set(factNames.guests, 'ASK_MODERATOR');
    facts.set(factNames.prior, JSON.stringify({ since: Date.now() + 1_000 }));
    expect(await states(ada, bob)).toEqual(['waiting', 'waiting']);
    expect(inviteId).toBeDefined();
  });

  it('has room for so many, and for so many from one network', async () => {
    const { url, roomId, invite, come, hearing, lobby } = await open();
    const { hash } = await invite();
    const fill = async (from: number, to: number, network: string) => {
      const rows = Array.from(
        { length: to - from },
        (_, i) => `(${roomId}, ${10_000 + from + i}, 'n${from + i}', 0, '${network}', 'waiting', 1)`,
      );
      await rawSql(
        url,
        `INSERT INTO waiting (room_id, user_id, user_name, is_guest, network, state, since) VALUES ${rows.join(', ')}`,
      );
    };
    await fill(0, limits.maxWaitingPerNetwork - 1, 'a1');
    expect(await code(come(hash, 'Last'))).toBe('ok');
    expect(await code(come(hash, 'One more'))).toBe('LOBBY_FULL');
    await fill(limits.maxWaitingPerNetwork, limits.maxWaiting, 'a2');
    await rawSql(url, `UPDATE waiting SET network = 'a3' WHERE network = 'a1'`);
    expect(await code(come(hash, 'One more'))).toBe('LOBBY_FULL');
    // All of them are let in at once; a page is shorter.
    expect((await lobby.list(owner.userId, roomId, { limit: limits.maxWaitingPage })).total).toBe(
      limits.maxWaiting,
    );
    // Those who are not heard of make room.
    hearing.pass(limits.waitingLeaseMs);
    await lobby.sweep(roomId, { isFull: true });
    expect(await code(come(hash, 'One more'))).toBe('ok');
    expect((await lobby.decide({ ...owner, roomId }, { admit: true })).decided).toBe(1);
  });

  it('tells at once what was decided, and together who comes', async () => {
    const { roomId, told, invite, come, decide } = await open();
    const { hash } = await invite();
    const ada = await come(hash, 'Ada');
    await come(hash, 'Bob');
    await eventually(() => expect(told).toEqual([{ roomId, waiting: 2, isDecided: false }]));
    await decide(true, [ada]);
    await eventually(() => expect(told.at(-1)).toEqual({ roomId, waiting: 1, isDecided: true }));
  });
});
