import { describe, expect, it } from 'vitest';
import type { EventBus } from './event-bus.js';
import { RevocationList } from './revocation-list.js';
import type { SessionStore } from './session-store.js';

function world() {
  const stored = new Map<string, number>();
  const commands: string[] = [];
  const store = {
    revoke: async (id: string, expiresAt: number, now: number) => {
      commands.push(`store ${id} ${expiresAt} ${now}`);
      stored.set(id, expiresAt);
    },
    revoked: async () => new Map(stored),
  } as unknown as SessionStore;
  let onEvent: (event: { sessionId: string; expiresAt: number }) => void = () => undefined;
  let reload: () => Promise<void> = async () => undefined;
  const events = {
    subscribe: async (_kind: string, _schema: unknown, listener: typeof onEvent, read: typeof reload) => {
      [onEvent, reload] = [listener, read];
      await read();
    },
    publish: async (kind: string, event: unknown) => void commands.push(`${kind} ${JSON.stringify(event)}`),
  } as unknown as EventBus;
  const clock = { now: 1_000 };
  const list = new RevocationList(store, events, () => clock.now);
  const heard: string[] = [];
  list.onRevoked((id) => heard.push(id));
  return {
    ...{ stored, commands, clock, list, heard },
    hint: (sessionId: string, expiresAt = 9_000) => onEvent({ sessionId, expiresAt }),
    reload: () => reload(),
  };
}

describe('a list of revoked sessions', () => {
  it('keeps, knows and tells of a session in this order', async () => {
    const { list, commands, heard, clock } = world();
    await list.revoke('s', 5_000);
    expect(commands).toEqual([`store s 5000 ${clock.now}`, 'revoked {"sessionId":"s","expiresAt":5000}']);
    expect([list.isRevoked('s'), list.isRevoked('t'), heard]).toEqual([true, false, ['s']]);
  });

  it('tells each listener once of each session, whoever said it', async () => {
    const { list, stored, heard, hint, reload } = world();
    const also: string[] = [];
    list.onRevoked((id) => also.push(id));
    stored.set('before', 9_000);
    await list.start();
    hint('hint');
    hint('hint');
    await list.revoke('own', 9_000);
    await list.revoke('own', 9_000);
    stored.set('missed', 9_000);
    await reload();
    await reload();
    expect(heard).toEqual(['before', 'hint', 'own', 'missed']);
    expect(also).toEqual(heard);
  });

  it('keeps what it knows when Redis has lost it, but for what has expired', async () => {
    const { list, stored, hint, reload, clock } = world();
    await list.start();
    hint('old', 2_000);
    hint('new', 2_001);
    stored.clear();
    clock.now = 2_000;
    await reload();
    expect([list.isRevoked('old'), list.isRevoked('new'), list.size]).toEqual([false, true, 1]);
  });

  it('takes the time that Redis says', async () => {
    const { list, stored, hint, reload, clock } = world();
    await list.start();
    hint('s', 2_000);
    stored.set('s', 8_000);
    await reload();
    stored.clear();
    clock.now = 3_000;
    await reload();
    expect(list.isRevoked('s')).toBe(true);
  });

  it('forgets what has expired once it has doubled, and not before', async () => {
    const { list, hint, clock } = world();
    await list.start();
    for (let n = 0; n < 600; n++) hint(`old-${n}`, 2_000);
    for (let n = 0; n < 399; n++) hint(`new-${n}`, 9_000);
    clock.now = 2_000;
    hint('the thousandth');
    expect(list.size).toBe(1_000);
    hint('one more');
    expect(list.size).toBe(401);
    // Again at a thousand: twice what was left is less.
    for (let n = 0; n < 599; n++) hint(`late-${n}`, 2_000);
    expect(list.size).toBe(1_000);
    hint('another');
    expect(list.size).toBe(402);
  });

  it('waits for twice as many as there were, when those are more than five hundred', async () => {
    const { list, stored, hint, clock } = world();
    for (let n = 0; n < 700; n++) stored.set(`s-${n}`, 9_000);
    await list.start();
    for (let n = 0; n < 699; n++) hint(`old-${n}`, 1_500);
    clock.now = 2_000;
    hint('the last that fits');
    expect(list.size).toBe(1_400);
    hint('one more');
    expect(list.size).toBe(702);
  });
});
