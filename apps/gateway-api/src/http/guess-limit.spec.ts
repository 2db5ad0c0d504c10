import { AppError } from '@parley/protocol';
import { expect, it } from 'vitest';
import { GuessLimit } from './guess-limit.js';

const wrong = new AppError('BAD_CREDENTIALS');

/** A limit of two failures, one more each minute, and attempts that end when the test says so. */
function setUp() {
  let nowMs = 0;
  const isWrong = (error: unknown) => error === wrong;
  const limit = new GuessLimit({ burst: 2, perSecond: 1 / 60 }, isWrong, () => nowMs);
  const running: { end: () => void; fail: (error: Error) => void }[] = [];
  const outcomes: string[] = [];
  const attempt = (key = 'k') => {
    const job = () => new Promise<void>((end, fail) => running.push({ end, fail }));
    void limit.run(key, job).then(
      () => outcomes.push('ok'),
      (error: AppError) => outcomes.push(`${error.code ?? error.message} ${error.retryAfterMs ?? ''}`.trim()),
    );
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { attempt, running, outcomes, settle, wait: (ms: number) => (nowMs += ms) };
}

it('takes as many failures as it may, and says when the next one is taken', async () => {
  const { attempt, running, outcomes, settle, wait } = setUp();
  for (let i = 0; i < 2; i++) {
    attempt();
    await settle();
    running.shift()?.fail(wrong);
  }
  await settle();
  attempt();
  attempt('another');
  await settle();
  expect(outcomes).toEqual(['BAD_CREDENTIALS', 'BAD_CREDENTIALS', 'RATE_LIMITED 60000']);
  running.shift()?.end();
  wait(60_000);
  attempt();
  await settle();
  expect(running).toHaveLength(1);
});

it('never has more under way than may fail, so that guesses at once are no more than guesses in a row', async () => {
  const { attempt, running, outcomes, settle } = setUp();
  for (let i = 0; i < 10; i++) attempt();
  await settle();
  expect(running).toHaveLength(2);
  running.shift()?.fail(wrong);
  await settle();
  // One may still give its place back.
  expect([running.length, outcomes]).toEqual([1, ['BAD_CREDENTIALS']]);
  running.shift()?.fail(wrong);
  await settle();
  expect(running).toHaveLength(0);
  expect(outcomes.slice(2)).toEqual(Array(8).fill('RATE_LIMITED 60000'));
});

it('lets through all that succeed, or could not be judged, in their order', async () => {
  const { attempt, running, outcomes, settle } = setUp();
  for (let i = 0; i < 10; i++) attempt();
  for (let i = 0; i < 10; i++) {
    await settle();
    if (i === 4) running.shift()?.fail(new Error('away'));
    else running.shift()?.end();
  }
  await settle();
  expect(outcomes).toEqual([...Array(4).fill('ok'), 'away', ...Array(5).fill('ok')]);
});

it('lets a thousand wait for one key', async () => {
  const { attempt, running, outcomes, settle } = setUp();
  for (let i = 0; i < 1_003; i++) attempt();
  await settle();
  expect(outcomes).toEqual(['RATE_LIMITED 1000']);
  for (let i = 0; i < 1_002; i++) {
    running.shift()?.end();
    await settle();
  }
  expect(outcomes).toHaveLength(1_003);
  expect(new Set(outcomes.slice(1))).toEqual(new Set(['ok']));
});
