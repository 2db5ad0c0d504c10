import { describe, expect, it, vi } from 'vitest';
import type { LineLife } from './line-lives.repository.js';
import { LivesWatch } from './lives-watch.js';

const row = (life: string): LineLife => ({ life, closed: false, known: undefined });

/** Looks every two seconds, as the service does; `rows` are in SQL. */
function setUp(rows: string[] = []) {
  const done: string[] = [];
  const forget = vi.fn(async (...lives: string[]) => void done.push(`Redis ${lives.join()}`));
  const remove = vi.fn(async (lives: readonly string[]) => {
    done.push(`SQL ${lives.join()}`);
    for (const life of lives) rows.splice(rows.indexOf(life), 1);
  });
  const watch = new LivesWatch({ forget }, { list: async () => rows.map(row), remove }, 'own');
  let nowMs = 50_000;
  const look = (beats: Record<string, string>, passMs = 2_000) => watch.see(beats, (nowMs += passMs));
  return { watch, look, done, rows };
}

describe('LivesWatch', () => {
  it('removes a life that has not shown itself for ten seconds, from Redis and then from SQL', async () => {
    const { watch, look, done } = setUp(['own', 'other', 'ended']);
    for (let i = 0; i <= 5; i++) {
      look({ own: '1', other: `${i}`, ended: '7' });
      await watch.removeEnded();
    }
    // Ten seconds are not more than ten seconds.
    expect(done).toEqual([]);
    look({ own: '1', other: '6', ended: '7' });
    await watch.removeEnded();
    expect(done).toEqual(['Redis ended', 'SQL ended']);
    // And not again.
    look({ own: '1', other: '7' });
    await watch.removeEnded();
    expect(done).toHaveLength(2);
  });

  it('never removes its own', async () => {
    const { watch, look, done } = setUp(['own']);
    for (let i = 0; i < 20; i++) look({ own: '1' });
    await watch.removeEnded();
    expect(done).toEqual([]);
  });

  it('removes one that only SQL lists, timed from when it was first missed', async () => {
    const { watch, look, done } = setUp(['own', 'of long ago']);
    look({ own: '1' });
    await watch.removeEnded();
    for (let i = 0; i < 5; i++) look({ own: '1' });
    await watch.removeEnded();
    expect(done).toEqual([]);
    look({ own: '1' });
    await watch.removeEnded();
    expect(done).toEqual(['Redis of long ago', 'SQL of long ago']);
  });

  // Redis was away from everybody: nobody could show himself.
  it('gives everybody the whole time again after a late look', async () => {
    const { watch, look, done } = setUp(['own', 'other']);
    for (let i = 0; i < 5; i++) look({ own: '1', other: '7' });
    look({ own: '1', other: '7' }, 5_001);
    await watch.removeEnded();
    expect(done).toEqual([]);
    for (let i = 0; i < 5; i++) look({ own: '1', other: '7' });
    await watch.removeEnded();
    expect(done).toEqual([]);
    look({ own: '1', other: '7' });
    await watch.removeEnded();
    expect(done).toHaveLength(2);
  });

  it('does not take five seconds for a late look', async () => {
    const { watch, look, done } = setUp(['own', 'ended']);
    look({ own: '1', ended: '7' });
    for (let i = 0; i < 3; i++) look({ own: '1', ended: '7' }, 5_000);
    await watch.removeEnded();
    expect(done).toHaveLength(2);
  });
});
