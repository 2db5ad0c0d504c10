import { Inject, Injectable } from '@nestjs/common';
import type { DispatchEntry } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { isRowRefused, sqlCodeOf } from '../database/sql-errors.js';
import { SqlWriter } from '../database/sql-writer.js';
import { AsideRepository, type AsideReason } from './aside.repository.js';
import { keepActs } from '../record/record.repository.js';
import { insertMessages } from './message-insert.js';
import { readEntry, type MessageRow, type ReadEntry } from './message-rows.js';

/** A message that is not archived like the others. `sqlCode`: '' when SQL was not asked. */
export interface Refusal {
  readonly entry: DispatchEntry;
  readonly reason: AsideReason;
  readonly sqlCode: string;
}

/** What became of a batch, but for the messages that were stored or had been before. */
export interface AppendOutcome {
  /** Newly kept in `messages_aside`. */
  readonly aside: readonly Refusal[];
  /** SQL takes these in no form: they are not kept anywhere yet. */
  readonly homeless: readonly Refusal[];
}

type Storable = ReadEntry & { readonly row: MessageRow };

/** Stores batches of messages. No message stops the others: what SQL does not take is found and set aside. */
@Injectable()
export class ArchiveWriter {
  constructor(
    @Inject(SqlWriter) private readonly writer: SqlWriter,
    @Inject(AsideRepository) private readonly aside: AsideRepository,
  ) {}

  /** @see ArchiveRepository.append */
  async append(entries: readonly DispatchEntry[]): Promise<AppendOutcome> {
    const outcome = { aside: [] as Refusal[], homeless: [] as Refusal[] };
    const read = entries.map(readEntry);
    await this.insert(
      // In one order everywhere: two processes that store overlapping batches would otherwise wait for each other.
      read.filter((item): item is Storable => item.row !== undefined).sort(byNumber),
      outcome,
    );
    for (const { entry, row } of read)
      if (!row) await this.setAside({ entry, reason: 'unreadable', sqlCode: '' }, outcome);
    return outcome;
  }

  /** Halves a batch that SQL refuses until the rows are found that it refuses. */
  private async insert(items: readonly Storable[], outcome: Outcome): Promise<void> {
    const [only] = items;
    if (!only) return;
    let conflicts: MessageRow[];
    try {
      const rows = items.map(({ row }) => row);
      const entries = items.map(({ entry }) => entry);
      conflicts = await this.writer.run(async (manager) => {
        const conflicts = await insertMessages(manager, rows);
        await keepActs(manager, entries);
        return conflicts;
      });
    } catch (error) {
      // About the database, not about a row.
      if (error instanceof AppError) throw error;
      if (items.length === 1)
        return this.setAside({ entry: only.entry, reason: 'refused', sqlCode: sqlCodeOf(error) }, outcome);
      const half = Math.ceil(items.length / 2);
      await this.insert(items.slice(0, half), outcome);
      return this.insert(items.slice(half), outcome);
    }
    if (conflicts.length === 0) return;
    const taken = new Set(conflicts);
    for (const { entry, row } of items)
      if (taken.has(row)) await this.setAside({ entry, reason: 'conflict', sqlCode: '' }, outcome);
  }

  private async setAside(refusal: Refusal, outcome: Outcome): Promise<void> {
    try {
      if (await this.aside.keep(refusal, Date.now())) outcome.aside.push(refusal);
    } catch (error) {
      if (error instanceof AppError) throw error;
      // A statement that is wrong in itself, or a table that is gone, fails here, too: not the row's fault.
      if (!isRowRefused(error)) throw new AppError('UNAVAILABLE', { cause: error });
      outcome.homeless.push(refusal);
    }
  }
}

interface Outcome {
  readonly aside: Refusal[];
  readonly homeless: Refusal[];
}

const byNumber = ({ row: a }: Storable, { row: b }: Storable) => a.roomId - b.roomId || a.seq - b.seq;
