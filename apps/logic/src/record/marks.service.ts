import { Inject, Injectable } from '@nestjs/common';
import type { Mark } from '@parley/contracts';
import { RoomStore } from '@parley/redis';
import { RecordRepository } from './record.repository.js';

/**
 * What acts say of messages, wherever it is kept. An act is in force once it is acknowledged: while SQL takes nothing, Redis alone
 * has its mark; later Redis lets go of it.
 */
@Injectable()
export class MarksService {
  constructor(
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'marks'>,
    @Inject(RecordRepository) private readonly record: Pick<RecordRepository, 'marks'>,
  ) {}

  /**
   * Marks about messages between two numbers, both included, ascending. Among them may be some about none of these.
   *
   * @throws {Error} When SQL or Redis cannot be read.
   */
  async between(roomId: number, low: number, high: number): Promise<Mark[]> {
    // In this order: what moves meanwhile moves from Redis to SQL.
    const inRedis = await this.store.marks(roomId);
    const inSql = await this.record.marks(roomId, low, high);
    const bySeq = new Map([...inSql, ...inRedis].map((mark) => [mark.seq, mark]));
    return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }
}
