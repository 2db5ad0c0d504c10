import { factNames, kicksOf, withChanges, factChanges, type RoomFacts } from '@parley/protocol';
import { expect, it } from 'vitest';
import type { ActContext } from './resolved-act.js';
import { kick } from './restrictions.resolver.js';

/** The facts after somebody was kicked, at a moment. */
async function kicked(facts: RoomFacts, userId: number, nowMs: number): Promise<RoomFacts> {
  const person = { userName: 'Ada', standing: 'member' as const };
  const context = {
    ...{ facts, nowMs, actor: { ...person, userId: 1 } },
    person: async (id: number) => ({ ...person, userId: id }),
  } as unknown as ActContext;
  const { event } = await kick({ act: 'kick', userId }, context);
  return withChanges(facts, factChanges(event));
}

it('a kick is remembered for ten minutes: of each person the last one, the newest 32', async () => {
  let facts: RoomFacts = new Map();
  for (let userId = 2; userId < 42; userId++) facts = await kicked(facts, userId, userId);
  expect(kicksOf(facts)).toHaveLength(32);
  expect([kicksOf(facts)[0], kicksOf(facts).at(-1)]).toEqual([
    { userId: 10, at: 10 },
    { userId: 41, at: 41 },
  ]);
  facts = await kicked(facts, 41, 100);
  expect(kicksOf(facts).filter(({ userId }) => userId === 41)).toEqual([{ userId: 41, at: 100 }]);
  facts = await kicked(facts, 50, 600_040);
  expect(kicksOf(facts)).toEqual([
    { userId: 41, at: 100 },
    { userId: 50, at: 600_040 },
  ]);
  expect(kicksOf(new Map([[factNames.kicks, 'no list']]))).toEqual([]);
});
