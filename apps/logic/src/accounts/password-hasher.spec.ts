import { describe, expect, it } from 'vitest';
import { PasswordHasher } from './password-hasher.js';

const weak = { memoryKib: 1_024, iterations: 2, parallelism: 1 };

describe('PasswordHasher', () => {
  it('makes argon2id hashes with the given parameters, a new salt each, and checks them', async () => {
    const hasher = new PasswordHasher(weak);
    const [one, two] = await Promise.all([hasher.hash('secret'), hasher.hash('secret')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=1024,p=1,t=2\$|^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await hasher.matches('secret', one)).toBe(true);
    expect(await hasher.matches('Secret', one)).toBe(false);
    expect(await hasher.matches('secret', undefined)).toBe(false);
  });

  it('refuses what would wait too long, and recovers', async () => {
    const hasher = new PasswordHasher(weak);
    const hash = await hasher.hash('secret');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 410 }, () => hasher.matches('secret', hash)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(402);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'OVERLOADED' });
    expect(await hasher.matches('secret', hash)).toBe(true);
  });

  // The hash that unknown users are checked against was made on first use. When that was refused, the refusal was kept:
  // from then on unknown users got OVERLOADED and known ones did not, which told them apart.
  it('checks unknown users after it was overloaded', async () => {
    const hasher = new PasswordHasher(weak);
    const hash = await hasher.hash('secret');
    const busy = Array.from({ length: 402 }, () => hasher.matches('secret', hash));
    await expect(hasher.matches('secret', undefined)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await Promise.all(busy);
    expect(await hasher.matches('secret', undefined)).toBe(false);
  });
});
