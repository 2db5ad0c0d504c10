import { ClientError } from '@parley/client';
import { Op, type AckFrame, type ActInput, type MessageRange, type RoomState } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { plainRoom } from '../chat/room-state.fixture.js';
import { ActRunner } from './act-runner.js';
import type { Held } from './inverse.js';

const state: RoomState = { ...plainRoom, role: 'owner' };

/** A runner on a server that answers when it is told to. */
function setUp({ range = { from: 4 } as MessageRange, held = [] as readonly Held[] } = {}) {
  let now = state;
  const asked: ActInput[] = [];
  const answers: { done(): void; refused(code: string): void }[] = [];
  const runner = new ActRunner({
    act: (roomId, act) => {
      asked.push(act);
      return new Promise<AckFrame>((resolve, reject) =>
        answers.push({
          done: () =>
            resolve({
              op: Op.ack,
              roomId,
              seq: 10 + asked.length,
              clientMsgId: 'x',
              sentAt: 0,
              id: 'x',
            } as AckFrame),
          refused: (code) => reject(new ClientError(code, false)),
        }),
      );
    },
    state: () => now,
    hiddenBy: () => Promise.resolve(range),
    held: () => Promise.resolve(held),
    nowMs: () => 1_000,
  });
  /** The server's answer to the act of this number, once it is asked for. */
  const answer = async (at: number) => {
    await expect.poll(() => answers[at]).toBeDefined();
    return answers[at] as (typeof answers)[number];
  };
  const outcomes = () => runner.notices.get().map(({ outcome, errorCode }) => errorCode ?? outcome);
  const becomes = (fields: Partial<RoomState>) => void (now = { ...now, ...fields });
  return { runner, asked, answer, outcomes, becomes };
}
const timeout = { act: 'timeout', userId: 2, seconds: 60 } as const;

describe('ActRunner', () => {
  // It set back what another host had decided meanwhile, and said that all was well.
  it('takes nothing back that somebody else has decided since', async () => {
    const { runner, asked, answer, outcomes, becomes } = setUp();
    const done = runner.run(1, { act: 'settings', slowModeWaitTime: 5 });
    (await answer(0)).done();
    await done;
    becomes({ slowModeWaitTime: 60 });
    expect(await runner.undoLast()).toBe(false);
    expect(outcomes()).toEqual(['done', 'CHANGED_SINCE']);
    expect(asked).toHaveLength(1);
    becomes({ slowModeWaitTime: 5 });
    const undone = runner.undoLast();
    (await answer(1)).done();
    expect(await undone).toBe(true);
    expect(asked[1]).toEqual({ act: 'settings', slowModeWaitTime: 0 });
  });

  it('says what it has done, and takes it back from there', async () => {
    const { runner, asked, answer, outcomes } = setUp();
    const done = runner.run(1, timeout, 'Mia');
    (await answer(0)).done();
    expect(await done).toBe(true);
    expect(runner.notices.get()).toMatchObject([{ outcome: 'done', who: 'Mia', act: timeout }]);
    const undone = runner.undoLast();
    (await answer(1)).done();
    expect(await undone).toBe(true);
    expect(asked[1]).toEqual({ act: 'untimeout', userId: 2 });
    expect(outcomes()).toEqual(['undone']);
    expect(await runner.undoLast()).toBe(false);
  });

  it('does nothing twice while it is under way', async () => {
    const { runner, asked, answer } = setUp();
    const first = runner.run(1, timeout);
    expect(runner.isBusy(1, timeout)).toBe(true);
    expect(await runner.run(1, { ...timeout })).toBe(false);
    (await answer(0)).done();
    await first;
    expect(asked).toHaveLength(1);
    expect(runner.isBusy(1, timeout)).toBe(false);
    const [notice] = runner.notices.get();
    if (!notice) throw new Error('no notice');
    const undone = runner.undo(notice);
    expect(await runner.undo(notice)).toBe(false);
    (await answer(1)).done();
    await undone;
    expect(await runner.undo(notice)).toBe(false);
    expect(asked).toHaveLength(2);
  });

  it('does another act meanwhile', async () => {
    const { runner, asked } = setUp();
    void runner.run(1, timeout);
    void runner.run(1, { ...timeout, userId: 3 });
    void runner.run(2, timeout);
    await expect.poll(() => asked).toHaveLength(3);
  });

  it('restricts somebody again as he was, until the same time, and says when that is over', async () => {
    const { runner, asked, answer, outcomes } = setUp({ held: [{ kind: 'ban', until: 61_000 }] });
    const done = runner.run(1, { act: 'unban', userId: 2 });
    (await answer(0)).done();
    await done;
    const undone = runner.undoLast();
    (await answer(1)).done();
    expect(await undone).toBe(true);
    expect(asked[1]).toEqual({ act: 'ban', userId: 2, seconds: 60 });

    const over = setUp({ held: [{ kind: 'timeout', until: 1_000 }] });
    const lifted = over.runner.run(1, { act: 'untimeout', userId: 2 });
    (await over.answer(0)).done();
    await lifted;
    expect(await over.runner.undoLast()).toBe(false);
    expect(over.outcomes()).toEqual(['done', 'NOTHING_TO_UNDO']);
    expect(outcomes()).toEqual(['undone']);
  });

  it('says why it was refused, and can be asked again', async () => {
    const { runner, answer, outcomes } = setUp();
    const done = runner.run(1, timeout);
    (await answer(0)).refused('FORBIDDEN');
    expect(await done).toBe(false);
    expect(outcomes()).toEqual(['FORBIDDEN']);
    expect(runner.isBusy(1, timeout)).toBe(false);
  });

  it('keeps the way back when taking back was refused', async () => {
    const { runner, answer, outcomes } = setUp();
    const done = runner.run(1, timeout);
    (await answer(0)).done();
    await done;
    const undone = runner.undoLast();
    (await answer(1)).refused('RATE_LIMITED');
    expect(await undone).toBe(false);
    expect(outcomes()).toEqual(['done', 'RATE_LIMITED']);
    expect(runner.notices.get()[0]?.inverse).toBeDefined();
  });

  it('shows again exactly what a deletion of many has hidden', async () => {
    const { runner, asked, answer } = setUp({ range: { from: 4, of: [2] } });
    const done = runner.run(1, { act: 'delete', userId: 2, lastSeconds: 60 });
    (await answer(0)).done();
    await done;
    void runner.undoLast();
    await expect.poll(() => asked).toHaveLength(2);
    expect(asked[1]).toEqual({ act: 'restore', from: 4, to: 11, userId: 2 });
  });

  it('keeps the newest three notices, until they are dismissed', async () => {
    const { runner, answer } = setUp();
    for (let userId = 1; userId <= 4; userId++) {
      const done = runner.run(1, { ...timeout, userId });
      (await answer(userId - 1)).done();
      await done;
    }
    expect(runner.notices.get().map(({ id }) => id)).toEqual([2, 3, 4]);
    runner.dismiss(3);
    expect(runner.notices.get().map(({ id }) => id)).toEqual([2, 4]);
  });
});
