import { describe, expect, it } from 'vitest';
import { DatabaseLife } from './database-life.js';
import type { DatabaseLifeStore } from './database-life-store.js';
import type { EventBus } from './event-bus.js';

function world() {
  const known = { life: '', unnamedTokens: false };
  let failure: Error | undefined;
  const store = {
    read: async () => {
      if (failure) throw failure;
      return { ...known };
    },
  } as unknown as DatabaseLifeStore;
  const published: unknown[] = [];
  let hint: () => void = () => undefined;
  let resubscribed: () => Promise<void> = async () => undefined;
  const events = {
    subscribe: async (_kind: string, _schema: unknown, onEvent: () => void, read: () => Promise<void>) => {
      [hint, resubscribed] = [onEvent, read];
      await read();
    },
    publish: async (kind: string, event: unknown) => void published.push([kind, event]),
  } as unknown as EventBus;
  const errors: unknown[] = [];
  const life = new DatabaseLife(store, events, (error) => errors.push(error));
  const changes: string[] = [];
  life.onChanged((name) => changes.push(name));
  return {
    ...{ known, life, published, errors, changes },
    hint: () => hint(),
    resubscribed: () => resubscribed(),
    fail: (error: Error) => (failure = error),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the name of the database', () => {
  it('is unknown until somebody has said it: every token is accepted meanwhile', async () => {
    const { life, changes } = world();
    await life.start();
    expect([life.current, life.accepts('x'), life.accepts(undefined), changes]).toEqual([
      undefined,
      true,
      true,
      [],
    ]);
  });

  it('is read at the start, at every hint and at every later connection; each change is told once', async () => {
    const { life, known, changes, hint, resubscribed } = world();
    known.life = 'a';
    await life.start();
    expect([life.current, changes]).toEqual(['a', ['a']]);
    hint();
    await settled();
    expect(changes).toEqual(['a']);
    known.life = 'b';
    hint();
    await settled();
    expect([life.current, changes]).toEqual(['b', ['a', 'b']]);
    known.life = 'c';
    await resubscribed();
    expect([life.current, changes]).toEqual(['c', ['a', 'b', 'c']]);
  });

  it('decides which tokens are of it, also those that name none', async () => {
    const { life, known } = world();
    Object.assign(known, { life: 'a', unnamedTokens: true });
    await life.start();
    expect([life.accepts('a'), life.accepts('b'), life.accepts(undefined)]).toEqual([true, false, true]);
    known.unnamedTokens = false;
    await life.reload();
    expect(life.accepts(undefined)).toBe(false);
  });

  it('stays when Redis has lost it', async () => {
    const { life, known, changes } = world();
    known.life = 'a';
    await life.start();
    known.life = '';
    await life.reload();
    expect([life.current, life.accepts('b'), changes]).toEqual(['a', false, ['a']]);
  });

  it('is told to everybody, once this process knows it', async () => {
    const { life, known, published, changes } = world();
    known.life = 'a';
    await life.announce();
    expect([changes, published]).toEqual([['a'], [['database', { life: 'a' }]]]);
  });

  it('that could not be read at a hint is reported', async () => {
    const { life, hint, errors, fail } = world();
    await life.start();
    const error = new Error('away');
    fail(error);
    hint();
    await settled();
    expect(errors).toEqual([error]);
  });
});
