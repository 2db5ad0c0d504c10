import type { RawHistoryPage } from '@parley/contracts';
import { Op, type AppError } from '@parley/protocol';
import type { Connection } from '../connections/connection.js';
import { countRefusal } from '../connections/refusals.js';

type Ref = string | number | undefined;

/** The JSON of an `error` frame. */
export function errorFrame(
  error: AppError,
  about: { ref?: Ref; roomId?: number; clientMsgId?: string } = {},
): string {
  const { context } = error;
  return JSON.stringify({
    op: Op.error,
    code: error.code,
    message: error.message,
    retryable: error.spec.retryable,
    ref: about.ref ?? context?.['ref'],
    roomId: about.roomId,
    clientMsgId: about.clientMsgId ?? context?.['clientMsgId'],
    fields: error.fields,
    retryAfterMs: error.retryAfterMs,
    until: error.until,
    closeCode: error.spec.closeCode,
  });
}

/** The JSON of a `history` frame; the messages are JSON texts already. */
export function historyFrame(page: RawHistoryPage, ref: Ref): string {
  const head = JSON.stringify({
    op: Op.history,
    ref,
    roomId: page.roomId,
    epoch: page.epoch,
    head: page.head,
    more: page.more,
  });
  return `${head.slice(0, -1)},"messages":[${page.messages.join(',')}]}`;
}

/** Refuses a frame and keeps the connection, unless the code says that it ends it. */
export function refuse(
  connection: Connection,
  error: AppError,
  about: { ref?: Ref; roomId?: number; clientMsgId?: string } = {},
): void {
  countRefusal(error.code);
  connection.send(errorFrame(error, about));
  if (error.spec.closeCode !== undefined) connection.close(error.spec.closeCode, error.code);
}
