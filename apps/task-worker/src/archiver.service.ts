import { Inject, Injectable } from '@nestjs/common';
import { logicRpc, type DispatchEntry } from '@parley/contracts';
import { MetricsRegistry } from '@parley/observability';
import { AppError, errorCatalog } from '@parley/protocol';
import type { StreamItem } from '@parley/queue';
import { AsideStream } from '@parley/redis';
import { RpcClient } from '@parley/rpc';
import { spanOf } from './item-span.js';

const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 3_000;
/**
 * Messages in one call, so in one transaction. Chosen by measuring: Redis's fsyncs wait for larger ones, and so do the rooms in which
 * somebody writes while a backlog is archived. logic takes more (`rpcLimits.maxEntriesPerArchive`).
 */
const MAX_ENTRIES_PER_CALL = 128;
/** Characters of the bodies in one call after which no further entry is taken. */
const MAX_CHARS_PER_CALL = 1_000_000;
/** So many times may one message be answered `INTERNAL` before it counts as the reason. */
const MAX_INTERNAL = 5;

/** What became of items. */
export interface ArchiveOutcome {
  /** Kept: they may be acknowledged. */
  readonly archived: readonly StreamItem[];
  /** Read for another database than logic has now: not written, and not to be acknowledged. */
  readonly foreign: readonly StreamItem[];
}

type OnError = (error: unknown) => void;

/**
 * Writes accepted messages to SQL, through `logic`. Tries for ever: chat goes on while the archive cannot be reached. A
 * message that `logic` itself refuses is kept in Redis, with an alarm, and the others go on.
 */
@Injectable()
export class ArchiverService {
  private stopping = false;
  private readonly setAside;

  constructor(
    @Inject(RpcClient) private readonly rpc: RpcClient,
    @Inject(AsideStream) private readonly aside: AsideStream,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
  ) {
    this.setAside = metrics.counter({
      name: 'parley_entries_set_aside_total',
      help: 'Stream entries that could not be handed to the archive and are kept in Redis',
    });
  }

  stop(): void {
    this.stopping = true;
  }

  /** All of them, unless the process is stopping. */
  async archive(items: readonly StreamItem[], onError: OnError): Promise<ArchiveOutcome> {
    const outcome = { archived: [] as StreamItem[], foreign: [] as StreamItem[] };
    const spans = items.map((item) => spanOf('archive', item));
    for (const chunk of chunks(items)) if (!(await this.write(chunk, outcome, onError))) break;
    for (const span of spans) span?.end();
    return outcome;
  }

  /** Keeps what the archive cannot be given at all, e.g. an entry that does not parse. @throws When Redis cannot take it. */
  async keepAside(reason: string, entry: unknown): Promise<void> {
    await this.aside.keep(reason, entry);
    this.setAside.inc();
  }

  /** @returns false when it was given up, because the process stops. */
  private async write(
    chunk: readonly StreamItem[],
    outcome: { archived: StreamItem[]; foreign: StreamItem[] },
    onError: OnError,
  ): Promise<boolean> {
    let internal = 0;
    for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      try {
        const { otherDatabase } = await this.rpc.call(logicRpc.archive, {
          entries: chunk.map(({ entry }) => entry),
          ...(chunk[0]?.databaseLife !== undefined && { databaseLife: chunk[0].databaseLife }),
        });
        (otherDatabase ? outcome.foreign : outcome.archived).push(...chunk);
        return true;
      } catch (error) {
        onError(error);
        const code = AppError.from(error).code;
        if (code === 'INTERNAL') internal++;
        const refused = !errorCatalog[code].retryable || internal >= MAX_INTERNAL;
        if (chunk.length > 1 && (refused || code === 'DEADLINE_EXCEEDED')) {
          // One of them is the reason, or there are too many for one call.
          const half = Math.ceil(chunk.length / 2);
          if (!(await this.write(chunk.slice(0, half), outcome, onError))) return false;
          return this.write(chunk.slice(half), outcome, onError);
        }
        const [only] = chunk;
        if (refused && only && (await this.keepRefused(code, only.entry, onError))) {
          outcome.archived.push(only);
          return true;
        }
        if (this.stopping) return false;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  private async keepRefused(code: string, entry: DispatchEntry, onError: OnError): Promise<boolean> {
    try {
      await this.keepAside(code, entry);
      onError(new AppError('INVALID', { context: { roomId: entry.roomId, seq: entry.seq } }));
      return true;
    } catch (error) {
      onError(error);
      return false;
    }
  }
}

function* chunks(items: readonly StreamItem[]): Iterable<StreamItem[]> {
  let chunk: StreamItem[] = [];
  let chars = 0;
  for (const item of items) {
    if (chunk[0] && chunk[0].databaseLife !== item.databaseLife) {
      yield chunk;
      chunk = [];
      chars = 0;
    }
    chunk.push(item);
    chars += item.entry.body.length;
    if (chunk.length >= MAX_ENTRIES_PER_CALL || chars >= MAX_CHARS_PER_CALL) {
      yield chunk;
      chunk = [];
      chars = 0;
    }
  }
  if (chunk.length > 0) yield chunk;
}
