import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it } from 'vitest';
import { AsideStream, MAX_ASIDE_ENTRIES } from './aside-stream.js';
import { connect, testKeys } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

it('keeps what it is given up to its bound, and says OVERLOADED above it', async () => {
  const { main } = connect((await sharedRedis()).url);
  const keys = testKeys(uniquePrefix('aside'));
  const aside = new AsideStream(main, keys);
  const pipeline = main.pipeline();
  for (let i = 1; i < MAX_ASIDE_ENTRIES; i++) pipeline.xadd(keys.aside(), '*', 'reason', 'r', 'entry', '{}');
  await pipeline.exec();
  await aside.keep('refused', { body: 'as\0it is' });
  await expect(aside.keep('refused', {})).rejects.toMatchObject({ code: 'OVERLOADED' });
  const [[, fields]] = (await main.xrevrange(keys.aside(), '+', '-', 'COUNT', 1)) as [[string, string[]]];
  expect(fields).toEqual(['reason', 'refused', 'entry', JSON.stringify({ body: 'as\0it is' })]);
  await main.xtrim(keys.aside(), 'MAXLEN', 10);
  await aside.keep('refused', {});
});
