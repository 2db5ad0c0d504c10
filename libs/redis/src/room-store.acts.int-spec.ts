import { FOREVER, type FactChange } from '@parley/protocol';
import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { AcceptInput, ActTerms } from './accept-terms.js';
import { RoomStore } from './room-store.js';
import { connect, proveAll, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const ROOM = 1;
const OWNER = 1;
const MODERATOR = 2;
const MEMBER = 7;
const GUEST = { senderId: 9, rank: 1 };

let sends = 0;
const send = (more: Partial<AcceptInput> = {}): AcceptInput => {
  const n = ++sends;
  return {
    roomId: ROOM,
    senderId: MEMBER,
    clientMsgId: `c${n}`,
    body: `{"code":0,"op":3,"msg":"m${n}","fromUserId":${more.senderId ?? MEMBER}`,
    text: `m${n}`,
    id: `id${n}`,
    sentAt: n,
    clientMsgIdMs: Date.now(),
    ...more,
  };
};
const terms = (more: Partial<ActTerms> = {}): ActTerms => ({
  need: 4,
  isFree: false,
  expect: [],
  change: [],
  record: '{}',
  ...more,
});
const act = (more: Partial<ActTerms>, by: Partial<AcceptInput> = {}): AcceptInput =>
  send({ senderId: OWNER, body: '{"code":0,"op":33,"kind":"x"', act: terms(more), ...by });
const roles: [string, string][] = [
  [`r${OWNER}`, 'owner'],
  [`r${MODERATOR}`, 'moderator'],
];

/** A room in which these facts hold, besides its roles. */
async function setUp(facts: [string, string][] = []) {
  const connections = connect((await sharedRedis()).url);
  const raw = connections.main;
  const keys = testKeys(uniquePrefix('acts'));
  await proveAll(connections, keys);
  const rooms = new RoomStore(raw, keys, testLimits);
  await rooms.restoreHead(ROOM, {
    ...{ epoch: 'e1', floor: 0, ceiling: 1_000, archived: 0 },
    facts: new Map([...roles, ...facts]),
  });
  const kindOf = async (input: AcceptInput) => {
    const outcome = await rooms.accept(input);
    return outcome.kind === 'refused' ? outcome.code : outcome.kind;
  };
  const change = (...changes: FactChange[]) => rooms.accept(act({ change: changes }));
  return { rooms, raw, keys, kindOf, change };
}
const soon = () => String(Date.now() + 60_000);
const past = () => String(Date.now() - 1_000);

describe('the rules of a room', () => {
  it.each([
    ['everyone', [GUEST, { senderId: MEMBER }, { senderId: MODERATOR }], []],
    ['members', [{ senderId: MEMBER }, { senderId: MODERATOR }], [GUEST]],
    ['hosts', [{ senderId: MODERATOR }, { senderId: OWNER }], [GUEST, { senderId: MEMBER }]],
  ])('let in mode %s speak who may, and nobody else', async (mode, may, mayNot) => {
    const { kindOf } = await setUp([['mode', mode]]);
    for (const who of may) expect(await kindOf(send(who))).toBe('ok');
    for (const who of mayNot) expect(await kindOf(send(who))).toBe('HOSTS_ONLY');
  });

  it('let speakers speak where members may not', async () => {
    const { kindOf } = await setUp([
      ['mode', 'speakers'],
      [`r${MEMBER}`, 'speaker'],
    ]);
    expect(await kindOf(send())).toBe('ok');
    expect(await kindOf(send({ senderId: 8 }))).toBe('HOSTS_ONLY');
  });

  it('keep guests silent as long as a panic lasts, whatever the mode, and nobody else', async () => {
    const { kindOf, change } = await setUp([
      ['prior', '{}'],
      ['mode', 'everyone'],
    ]);
    expect(await kindOf(send(GUEST))).toBe('HOSTS_ONLY');
    expect(await kindOf(send({ senderId: MEMBER }))).toBe('ok');
    await change(['prior', null]);
    expect(await kindOf(send(GUEST))).toBe('ok');
  });

  it('let nobody speak in a closed room, hosts included, and acts go on', async () => {
    const { kindOf } = await setUp([['mode', 'closed']]);
    expect(await kindOf(send({ senderId: OWNER }))).toBe('ROOM_CLOSED');
    expect(await kindOf(act({ change: [['mode', null]] }))).toBe('ok');
    expect(await kindOf(send())).toBe('ok');
  });

  it.each([
    ['before it opens', [['opens', soon()]], 'ROOM_CLOSED'],
    ['once it is open', [['opens', past()]], 'ok'],
    ['before it closes', [['closes', soon()]], 'ok'],
    ['once it is closed', [['closes', past()]], 'ROOM_CLOSED'],
  ] as [string, [string, string][], string][])(
    'hold members back %s, and no host',
    async (_, facts, code) => {
      const { kindOf } = await setUp(facts);
      expect(await kindOf(send())).toBe(code);
      expect(await kindOf(send({ senderId: MODERATOR }))).toBe('ok');
    },
  );

  it('stop one person until a time, whatever the mode, and say until when', async () => {
    const until = soon();
    const { rooms, kindOf, change } = await setUp([[`m${MEMBER}`, until]]);
    expect(await rooms.accept(send())).toMatchObject({ code: 'MUTED', until: Number(until) });
    expect(await kindOf(send({ senderId: 8 }))).toBe('ok');
    await change(['mode', 'hosts']);
    await change(['mode', null]);
    expect(await kindOf(send())).toBe('MUTED');
    await change([`m${MEMBER}`, past()]);
    expect(await kindOf(send())).toBe('ok');
  });

  it('keep out who is banned, whatever his role, for what he says and does', async () => {
    const { rooms, kindOf } = await setUp([[`b${MODERATOR}`, String(FOREVER)]]);
    expect(await rooms.accept(send({ senderId: MODERATOR }))).toMatchObject({
      code: 'BANNED',
      until: FOREVER,
    });
    expect(await kindOf(act({}, { senderId: MODERATOR }))).toBe('BANNED');
  });

  it('let a person speak once in so many seconds in slow mode; staff are free', async () => {
    const { rooms, raw, keys, kindOf } = await setUp([['slow', '60']]);
    expect(await kindOf(send())).toBe('ok');
    const refused = await rooms.accept(send());
    expect(refused).toMatchObject({ code: 'SLOW_MODE', until: 0 });
    expect(refused.kind === 'refused' && refused.retryAfterMs).toBeGreaterThan(50_000);
    expect(await kindOf(send({ senderId: 8 }))).toBe('ok');
    for (let i = 0; i < 2; i++) expect(await kindOf(send({ senderId: MODERATOR }))).toBe('ok');
    await raw.del(keys.roomSlow(ROOM, MEMBER));
    expect(await kindOf(send())).toBe('ok');
  });

  it('do not touch what is kept: a repeated send gets its first ack', async () => {
    const { rooms, change } = await setUp();
    const first = send();
    const ok = await rooms.accept(first);
    await change(['mode', 'closed'], [`b${MEMBER}`, String(FOREVER)]);
    expect(await rooms.accept(first)).toMatchObject({ kind: 'duplicate', seq: ok.kind === 'ok' && ok.seq });
  });
});

describe('a refusal', () => {
  // The second copy of a send came when the mute was lifted, and was kept: its sender had been told that it was not.
  it('holds for every copy of the same send, however late', async () => {
    const { rooms, change } = await setUp([['mode', 'hosts']]);
    const sent = send();
    expect(await rooms.accept(sent)).toMatchObject({ kind: 'refused', code: 'HOSTS_ONLY' });
    await change(['mode', null]);
    expect(await rooms.accept(sent)).toMatchObject({ kind: 'refused', code: 'HOSTS_ONLY' });
    expect(await rooms.accept(send())).toMatchObject({ kind: 'ok' });
  });

  it('that says when is not one: the same send may come again then', async () => {
    const { rooms, raw, keys } = await setUp([['slow', '60']]);
    await rooms.accept(send());
    const sent = send();
    expect(await rooms.accept(sent)).toMatchObject({ code: 'SLOW_MODE' });
    await raw.del(keys.roomSlow(ROOM, MEMBER));
    expect(await rooms.accept(sent)).toMatchObject({ kind: 'ok' });
  });
});

describe('an act', () => {
  it('is an entry: numbered, in force at once, and known by its seq', async () => {
    const { rooms, raw, keys } = await setUp();
    await rooms.accept(send());
    const outcome = await rooms.accept(act({ change: [['mode', 'hosts']], record: '{"act":"x"}' }));
    expect(outcome).toMatchObject({ kind: 'ok', seq: 2 });
    expect(await rooms.facts(ROOM)).toEqual(new Map([...roles, ['mode', 'hosts'], ['v', '2']]));
    expect(await rooms.range(ROOM, 2, 2, 1)).toMatchObject([{ seq: 2, actorId: OWNER }]);
    const entries = await raw.xrange(keys.dispatch(keys.shardOf(ROOM)), '-', '+');
    expect(entries.at(-1)?.[1].join()).toContain('a,{"act":"x"}');
  });

  it('takes the rank that it needs, unless it is free', async () => {
    const { kindOf } = await setUp();
    expect(await kindOf(act({}, { senderId: MEMBER }))).toBe('FORBIDDEN');
    expect(await kindOf(act({ need: 5 }, { senderId: MODERATOR }))).toBe('FORBIDDEN');
    expect(await kindOf(act({ isFree: true }, { senderId: MEMBER }))).toBe('ok');
  });

  it.each([
    [MODERATOR, MEMBER, 'ok'],
    [MODERATOR, MODERATOR, 'FORBIDDEN'],
    [MODERATOR, OWNER, 'FORBIDDEN'],
    [OWNER, MODERATOR, 'ok'],
  ])('of %i is done to %i: %s', async (senderId, userId, code) => {
    const { kindOf } = await setUp();
    expect(await kindOf(act({ target: { userId, rank: 2, mustBeLower: true } }, { senderId }))).toBe(code);
  });

  it('is made anew when the room is not what it was made for', async () => {
    const { kindOf } = await setUp([['mode', 'hosts']]);
    expect(await kindOf(act({ expect: [['mode', 'members']] }))).toBe('changed');
    expect(await kindOf(act({ expect: [['mode', null]] }))).toBe('changed');
    expect(
      await kindOf(
        act({
          expect: [
            ['slow', null],
            ['mode', 'hosts'],
          ],
        }),
      ),
    ).toBe('ok');
  });

  it('hides what is before it from every reader, and nothing behind it', async () => {
    const { rooms } = await setUp();
    const mark = JSON.stringify({ range: { from: 1, of: [MEMBER] }, hidden: true, by: 'moderator', at: 5 });
    await rooms.accept(send());
    await rooms.accept(send({ senderId: 8 }));
    await rooms.accept(act({ mark }));
    await rooms.accept(send());
    const bodies = async () => (await rooms.range(ROOM, 1, undefined, 9)).map(({ body }) => body);
    const [first, second, , last] = await bodies();
    expect(first).toContain('"deleted":{"by":"moderator","at":5}');
    expect(first).not.toContain('"msg"');
    expect(second).toContain('"msg"');
    expect(last).toContain('"msg"');
    expect((await rooms.newest(ROOM, 2, 1))[0]?.body).toBe(first);
    // Who has to compare it has it still.
    expect((await rooms.originals(ROOM, 1, 1, 1))[0]?.body).toContain('"msg"');
    await rooms.accept(
      act({ mark: JSON.stringify({ range: { from: 1, to: 1 }, hidden: false, by: 'moderator', at: 6 }) }),
    );
    expect((await bodies())[0]).toContain('"msg"');
  });
});

// Half of them were let go before SQL had them: whoever read there was given deleted texts.
it('a mark stays until SQL has it, also when the log has nothing any more that it is about', async () => {
  const { rooms } = await setUp();
  const mark = JSON.stringify({ range: { from: 1, to: 1 }, hidden: true, by: 'moderator', at: 5 });
  const numbers = async () => (await rooms.marks(ROOM)).map(({ seq }) => seq);
  await rooms.accept(send());
  for (let seq = 2; seq <= 64; seq++) await rooms.accept(act({ mark }));
  await rooms.markArchived(ROOM, 60);
  await rooms.dropFromLog(ROOM, 60);
  await rooms.accept(act({ mark }));
  expect(await numbers()).toEqual([61, 62, 63, 64, 65]);
});

describe('what holds after a restore', () => {
  const start = { epoch: 'e2', floor: 50, ceiling: 100, archived: 0 };
  const seen = { epoch: 'e1', seq: 40 };

  it('is what SQL has, when it has the later act', async () => {
    const { rooms, change } = await setUp();
    await change(['mode', 'hosts']);
    await rooms.restoreHead(ROOM, {
      ...start,
      seen,
      facts: new Map([
        ['slow', '5'],
        ['v', '30'],
      ]),
    });
    expect(await rooms.facts(ROOM)).toEqual(
      new Map([
        ['slow', '5'],
        ['v', '30'],
      ]),
    );
  });

  it('is what Redis has, when SQL lacks its last act', async () => {
    const { rooms, change } = await setUp();
    await change(['mode', 'hosts']);
    await rooms.restoreHead(ROOM, {
      ...start,
      seen,
      facts: new Map([
        ['slow', '5'],
        ['v', '0'],
      ]),
    });
    expect((await rooms.facts(ROOM)).get('mode')).toBe('hosts');
  });

  // An act that SQL had not taken while it was busy was forgotten, because the next one was on record.
  it('is what Redis has, when SQL has its last act and lacks one before it', async () => {
    const { rooms, change } = await setUp();
    await change(['mode', 'hosts']);
    await change(['slow', '5']);
    const { seq } = (await rooms.head(ROOM)) ?? { seq: 0 };
    await rooms.restoreHead(ROOM, {
      ...start,
      seen: { epoch: 'e1', seq: seq + 1 },
      facts: new Map([
        ['slow', '5'],
        ['v', String(seq)],
      ]),
    });
    expect(Object.fromEntries(await rooms.facts(ROOM))).toMatchObject({ mode: 'hosts', slow: '5' });
  });

  it('hides what SQL knows to be hidden, when Redis has lost the act', async () => {
    const { rooms } = await setUp();
    await rooms.accept(send());
    const mark = { seq: 2, range: { from: 1, to: 1 }, hidden: true, by: 'self' as const, at: 5 };
    await rooms.restoreHead(ROOM, { ...start, seen, marks: [mark] });
    expect((await rooms.range(ROOM, 1, 1, 1))[0]?.body).toContain('deleted');
  });
});
