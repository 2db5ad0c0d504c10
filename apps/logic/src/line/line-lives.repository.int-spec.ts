import { getDataSourceToken } from '@nestjs/typeorm';
import { LineKnowledge } from '@parley/redis';
import type { DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { describeSql, openSql } from '../database/sql-databases.conformance.js';
import { SqlWriter } from '../database/sql-writer.js';
import { LineLivesRepository } from './line-lives.repository.js';

/** What a life knows that has seen the one shard come so far. */
function known(seq: number): LineKnowledge {
  const knowledge = new LineKnowledge(1);
  knowledge.saw(0, { generation: '1.g', streamId: `${seq}-0` });
  return knowledge;
}

describeSql('LineLivesRepository', (server) => {
  const open = async () => {
    const sql = await openSql(await server.createDatabase());
    return new LineLivesRepository(sql.get<DataSource>(getDataSourceToken()), sql.get(SqlWriter));
  };

  it('keeps of each life the last that it said', async () => {
    const lives = await open();
    await lives.save('a', known(1), false);
    await lives.save('b', known(2), false);
    await lives.save('a', known(3), true);
    const rows = (await lives.list()).map(({ life, closed, known: its }) => [life, closed, its?.at(0)]);
    expect(rows.sort()).toEqual([
      ['a', true, known(3).at(0)],
      ['b', false, known(2).at(0)],
    ]);
  });

  it('forgets those lives that are named, and no others', async () => {
    const lives = await open();
    for (const life of ['a', 'b', 'c']) await lives.save(life, known(1), false);
    await lives.remove(['a', 'c', 'unknown']);
    expect((await lives.list()).map(({ life }) => life)).toEqual(['b']);
    await lives.remove([]);
  });
});
