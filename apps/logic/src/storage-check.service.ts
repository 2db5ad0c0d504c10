import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { durabilityProblems, RedisConnections } from '@parley/redis';
import { DataSource } from 'typeorm';
import { sqlDurabilityProblems } from './database/sql-durability.js';

/** Injection token of {@link StorageNeeds}. */
export const STORAGE_NEEDS = Symbol('STORAGE_NEEDS');

/** What the promises need of Redis and SQL here. */
export interface StorageNeeds {
  /** Whether acknowledged messages have to be kept: in prod. */
  readonly durable: boolean;
  /** Replicas of Redis that have a message before its ack. */
  readonly replicas: number;
}

/** In prod refuses to start on a Redis or a database that does not keep what was acknowledged. */
@Injectable()
export class StorageCheck implements OnModuleInit {
  constructor(
    @Inject(STORAGE_NEEDS) private readonly needs: StorageNeeds,
    @Inject(RedisConnections) private readonly redis: Pick<RedisConnections, 'main'>,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** @throws {Error} that lists everything that is missing, each with the line that mends it. */
  async onModuleInit(): Promise<void> {
    if (!this.needs.durable) return;
    const problems = [
      ...(await durabilityProblems(this.redis.main, this.needs)),
      ...(await sqlDurabilityProblems(this.dataSource)),
    ];
    if (problems.length > 0)
      throw new Error(`prod refuses what loses messages:\n  - ${problems.join('\n  - ')}`);
  }
}
