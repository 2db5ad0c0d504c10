import { Inject, Injectable } from '@nestjs/common';
import { logicRpc, rpcLimits } from '@parley/contracts';
import type { StreamItem } from '@parley/queue';
import { RpcClient } from '@parley/rpc';

const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 3_000;
/** Characters of the bodies in one call after which no further entry is taken. */
const MAX_CHARS_PER_CALL = 1_000_000;

/** Writes accepted messages to SQL, through `logic`. Tries for ever: chat goes on while the archive cannot be reached. */
@Injectable()
export class ArchiverService {
  private stopping = false;

  constructor(@Inject(RpcClient) private readonly rpc: RpcClient) {}

  stop(): void {
    this.stopping = true;
  }

  /** @returns Items that are in SQL now; fewer than given only when stopping. */
  async archive(items: readonly StreamItem[], onError: (error: unknown) => void): Promise<StreamItem[]> {
    const archived: StreamItem[] = [];
    for (const chunk of chunks(items)) {
      for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
        try {
          await this.rpc.call(logicRpc.archive, { entries: chunk.map(({ entry }) => entry) });
          archived.push(...chunk);
          break;
        } catch (error) {
          onError(error);
          if (this.stopping) return archived;
          await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
      }
    }
    return archived;
  }
}

function* chunks(items: readonly StreamItem[]): Iterable<StreamItem[]> {
  let chunk: StreamItem[] = [];
  let chars = 0;
  for (const item of items) {
    chunk.push(item);
    chars += item.entry.body.length;
    if (chunk.length >= rpcLimits.maxEntriesPerArchive || chars >= MAX_CHARS_PER_CALL) {
      yield chunk;
      chunk = [];
      chars = 0;
    }
  }
  if (chunk.length > 0) yield chunk;
}
