import { beforeEach, expect, it, vi } from 'vitest';
import { madeOnce } from './made-once.js';

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('window', {
    sessionStorage: {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    },
  });
  return () => vi.unstubAllGlobals();
});

/** Asks, and is answered as a test says. @returns The key that was asked with. */
async function ask(what: readonly unknown[], isAnswered: boolean, name = 'room'): Promise<string> {
  let asked = '';
  await madeOnce(name, what, (key) => {
    asked = key;
    return isAnswered ? Promise.resolve('made') : Promise.reject(new Error('no answer'));
  }).catch(() => undefined);
  return asked;
}

it('asks with the same key until there is an answer, and then for another one', async () => {
  const first = await ask([7, 'Maths\nII'], false);
  expect(first).toMatch(/^[\da-f-]{36}$/);
  expect(await ask([7, 'Maths\nII'], false)).toBe(first);
  expect(await ask([7, 'Maths\nII'], true)).toBe(first);
  expect(await ask([7, 'Maths\nII'], true)).not.toBe(first);
});

it('asks for something else with another key, and gives what was made', async () => {
  const room = await ask([7, 'Maths'], false);
  expect(await ask(['x'], false, 'guest')).not.toBe(room);
  expect(await ask([7, 'Maths'], false)).toBe(room);
  expect(await ask([8, 'Maths'], false)).not.toBe(room);
  expect(await madeOnce('room', ['y'], () => Promise.resolve(5))).toBe(5);
});

it('asks where nothing can be kept, too', async () => {
  vi.stubGlobal('window', {});
  expect(await ask(['x'], true)).toMatch(/^[\da-f-]{36}$/);
});
