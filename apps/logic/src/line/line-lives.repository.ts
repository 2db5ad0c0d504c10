import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LineKnowledge } from '@parley/redis';
import { DataSource } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';

/** One life of a process that accepts messages. */
export interface LineLife {
  readonly life: string;
  /** It ended by itself: `known` is everything that it ever saw. */
  readonly closed: boolean;
  readonly known: LineKnowledge | undefined;
}

/** The lives of processes that accept messages, in SQL: what a Redis that comes back cannot have forgotten. */
@Injectable()
export class LineLivesRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** Writes what a life knows; it need not be there. */
  async save(life: string, known: LineKnowledge, closed: boolean): Promise<void> {
    await this.writer.run((manager) =>
      manager.query(
        `INSERT INTO line_lives (life, closed, known) VALUES ($1, $2, $3)
         ON CONFLICT (life) DO UPDATE SET closed = excluded.closed, known = excluded.known`,
        [life, closed ? 1 : 0, known.toText()],
      ),
    );
  }

  async list(): Promise<LineLife[]> {
    const rows: { life: string; closed: unknown; known: string }[] = await this.dataSource.query(
      'SELECT life, closed, known FROM line_lives',
    );
    return rows.map(({ life, closed, known }) => ({
      life,
      closed: Number(closed) === 1,
      known: LineKnowledge.parse(known),
    }));
  }

  /** Forgets lives whose knowledge somebody else has. */
  async remove(lives: readonly string[]): Promise<void> {
    await this.writer.run(async (manager) => {
      for (const life of lives) await manager.query('DELETE FROM line_lives WHERE life = $1', [life]);
    });
  }
}
