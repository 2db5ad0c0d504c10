import { Inject, Injectable } from '@nestjs/common';
import { logicRpc, rpcLimits, type ReadReport } from '@parley/contracts';
import { AppError, type ReadState } from '@parley/protocol';
import { RpcClient } from '@parley/rpc';

/** Reports are collected for so long, milliseconds: a room full of readers is a few calls a second. */
const COLLECT_MS = 200;
/** Users and rooms whose report waits; more are refused. */
const MAX_WAITING = 10_000;

interface Waiting {
  report: ReadReport;
  readonly state: Promise<ReadState>;
  resolve(state: ReadState): void;
  reject(error: unknown): void;
}

/** Brings read positions to logic: of one user and room the furthest, many in one call. */
@Injectable()
export class ReadReports {
  private waiting = new Map<string, Waiting>();

  constructor(@Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>) {}

  /**
   * @returns Where the user stands once that is kept; it may be further.
   * @throws {AppError} `INVALID` for a seq that the room has not come to; `ROOM_NOT_FOUND`; `OVERLOADED`; `UNAVAILABLE`.
   */
  report(report: ReadReport): Promise<ReadState> {
    const key = `${report.userId} ${report.roomId}`;
    const known = this.waiting.get(key);
    if (known) {
      if (report.seq > known.report.seq) known.report = report;
      return known.state;
    }
    if (this.waiting.size >= MAX_WAITING)
      return Promise.reject(new AppError('OVERLOADED', { retryAfterMs: 1_000 }));
    if (this.waiting.size === 0) setTimeout(() => this.flush(), COLLECT_MS);
    let settle!: Pick<Waiting, 'resolve' | 'reject'>;
    const state = new Promise<ReadState>((resolve, reject) => (settle = { resolve, reject }));
    this.waiting.set(key, { report, state, ...settle });
    return state;
  }

  private flush(): void {
    const all = [...this.waiting.values()];
    this.waiting = new Map();
    for (let i = 0; i < all.length; i += rpcLimits.maxReadsPerCall)
      void this.send(all.slice(i, i + rpcLimits.maxReadsPerCall));
  }

  private async send(batch: readonly Waiting[]): Promise<void> {
    try {
      const reads = batch.map(({ report }) => report);
      const { results } = await this.rpc.call(logicRpc.markRead, { reads });
      for (const [i, { resolve, reject }] of batch.entries()) {
        const result = results[i];
        if (result?.ok) resolve(result.state);
        else
          reject(
            new AppError(result?.code ?? 'INTERNAL', { ...(result?.fields && { fields: result.fields }) }),
          );
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
