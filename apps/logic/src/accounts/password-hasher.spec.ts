import { describe, expect, it, vi } from 'vitest';
import { PasswordHasher, type Argon2 } from './password-hasher.js';

const weak = { memoryKib: 1_024, iterations: 2, parallelism: 1 };
const AT_A_TIME = 2;
const WAITING = 400;

/** A hasher whose work ends when the test says so. */
function setUp() {
  const running: { password: string; end: (matches: boolean) => void; fail: (error: Error) => void }[] = [];
  const hash = vi.fn<Argon2['hash']>((password) => Promise.resolve(`hash of ${password}`));
  const verify = vi.fn<Argon2['verify']>(
    (_, password) => new Promise((resolve, reject) => running.push({ password, end: resolve, fail: reject })),
  );
  const hasher = new PasswordHasher(weak, { hash, verify });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const passwords = () => running.map(({ password }) => password);
  /** Ends the work that has run longest, and lets the next one start. */
  const end = async () => {
    running.shift()?.end(true);
    await settle();
  };
  /** As many checks as may run and wait. */
  const fill = () => Array.from({ length: AT_A_TIME + WAITING }, (_, i) => hasher.matches(`p${i}`, 'h'));
  return { hasher, hash, verify, running, passwords, settle, end, fill };
}

describe('PasswordHasher', () => {
  it('makes argon2id hashes with the given parameters, a new salt each, and checks them', async () => {
    const hasher = new PasswordHasher(weak);
    const [one, two] = await Promise.all([hasher.hash('secret'), hasher.hash('secret')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=1024,p=1,t=2\$|^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await hasher.matches('secret', one)).toBe(true);
    expect(await hasher.matches('Secret', one)).toBe(false);
    expect(await hasher.matches('secret', undefined)).toBe(false);
    expect(await hasher.matches('no such user', undefined)).toBe(false);
  });

  it('works on two at a time, and on those that wait in their order', async () => {
    const { hasher, hash, passwords, settle, end } = setUp();
    const results = ['a', 'b', 'c', 'd'].map((password) => hasher.matches(password, 'h'));
    await settle();
    expect(passwords()).toEqual(['a', 'b']);
    // A new password waits in the same line.
    hash.mockClear();
    const hashed = hasher.hash('new');
    await end();
    expect(passwords()).toEqual(['b', 'c']);
    await end();
    expect(passwords()).toEqual(['c', 'd']);
    expect(hash).not.toHaveBeenCalled();
    await end();
    await end();
    expect(await hashed).toBe('hash of new');
    expect(await Promise.all(results)).toEqual([true, true, true, true]);
  });

  it('lets four hundred wait, refuses the next, and has room again when one is done', async () => {
    const { hasher, settle, end, fill, running } = setUp();
    const all = fill();
    await settle();
    const refused = { code: 'OVERLOADED', retryAfterMs: 2_000 };
    await expect(hasher.matches('one more', 'h')).rejects.toMatchObject(refused);
    await expect(hasher.hash('one more')).rejects.toMatchObject(refused);
    await end();
    const late = hasher.matches('late', 'h');
    await settle();
    await expect(hasher.matches('one more', 'h')).rejects.toMatchObject(refused);
    while (running.length > 0) await end();
    expect(new Set(await Promise.all([...all, late]))).toEqual(new Set([true]));
    // Nothing of all that is counted any more.
    const again = fill();
    while (running.length > 0) await end();
    expect(await Promise.all(again)).toHaveLength(AT_A_TIME + WAITING);
  });

  it('gives the place of work that fails to the next', async () => {
    const { hasher, running, passwords, settle } = setUp();
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((password) => hasher.matches(password, 'h')));
    await settle();
    running.shift()?.fail(new Error('not a hash'));
    await settle();
    expect(passwords()).toEqual(['b', 'c']);
    for (const { end } of running) end(true);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('does the same work for a user who does not exist: against a hash made ahead, and once', async () => {
    const { hasher, hash, verify, settle, end } = setUp();
    await settle();
    expect(hash).toHaveBeenCalledOnce();
    const both = [hasher.matches('x', undefined), hasher.matches('y', undefined)];
    await settle();
    await end();
    await end();
    // Also when it is the very password that the hash was made of.
    expect(await Promise.all(both)).toEqual([false, false]);
    expect(hash).toHaveBeenCalledOnce();
    const made = await hash.mock.results[0]?.value;
    expect(verify.mock.calls).toEqual([
      [made, 'x'],
      [made, 'y'],
    ]);
  });

  // The hash that unknown users are checked against was made on first use. When that was refused, the refusal was kept:
  // from then on unknown users got OVERLOADED and known ones did not, which told them apart.
  it('checks unknown users after it was overloaded', async () => {
    const { hasher, settle, end, fill, running } = setUp();
    const busy = fill();
    await settle();
    await expect(hasher.matches('secret', undefined)).rejects.toMatchObject({ code: 'OVERLOADED' });
    while (running.length > 0) await end();
    await Promise.all(busy);
    const unknown = hasher.matches('secret', undefined);
    await settle();
    await end();
    expect(await unknown).toBe(false);
  });

  it('makes that hash again after a failure', async () => {
    const hash = vi.fn<Argon2['hash']>().mockRejectedValueOnce(new Error('out of memory'));
    hash.mockResolvedValue('made');
    const verify = vi.fn<Argon2['verify']>(async () => false);
    const hasher = new PasswordHasher(weak, { hash, verify });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await hasher.matches('x', undefined)).toBe(false);
    expect(verify).toHaveBeenCalledWith('made', 'x');
  });
});
