import { AppError } from '../errors/app-error.js';
import { codePointLength } from '../code-point-length.js';
import { limits } from '../limits.js';
import { Op } from '../opcodes.js';
import { parseJson } from '../parse-json.js';
import { isStorable } from '../visible-text.js';
import { clientFrameSchema, type ClientFrame } from './client-frames.js';

const knownOps: ReadonlySet<unknown> = new Set(
  clientFrameSchema.options.map((option) => option.shape.op.value),
);

/**
 * Turns the text of one frame into a validated message. Shared by WebSocket and TCP.
 *
 * @param text - JSON. An object without `op` is a `move`: gochat's first WebSocket frame is `{authToken, roomId}`.
 * @param waitMsFor - Asked when the opcode is known and before anything else is looked at: 0 to go on, else when the
 *   sender may try again, milliseconds. A flood costs no more than that.
 * @throws {AppError} `BAD_JSON`, `UNKNOWN_OP`, `RATE_LIMITED`, `MESSAGE_TOO_LONG`, or `INVALID` with the names of the fields.
 *   The error's `context.ref` is the frame's `ref`, when it had a usable one, so that the reply can carry it.
 */
export function parseClientFrame(text: string, waitMsFor: (op: unknown) => number = () => 0): ClientFrame {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new AppError('BAD_JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new AppError('INVALID');
  const raw = value as Record<string, unknown>;
  const context = replyContext(raw);
  const candidate = raw['op'] === undefined ? { ...raw, op: Op.move } : raw;
  if (!knownOps.has(candidate['op'])) throw new AppError('UNKNOWN_OP', { context });
  const retryAfterMs = waitMsFor(candidate['op']);
  if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { context, retryAfterMs });
  const parsed = clientFrameSchema.safeParse(candidate);
  if (!parsed.success) {
    throw new AppError('INVALID', {
      context,
      fields: [...new Set(parsed.error.issues.map((i) => i.path.join('.')))],
    });
  }
  const frame = parsed.data;
  if ('msg' in frame && codePointLength(frame.msg) > limits.maxTextCodePoints) {
    throw new AppError('MESSAGE_TOO_LONG', { context });
  }
  return frame;
}

/** What of a refused frame may be echoed, so that the sender can tell which one was refused. */
function replyContext(raw: Record<string, unknown>): Record<string, string | number> {
  const context: Record<string, string | number> = {};
  for (const key of ['ref', 'clientMsgId']) {
    const value = raw[key];
    if (
      Number.isFinite(value) ||
      (typeof value === 'string' && value.length <= limits.maxClientMsgIdChars && isStorable(value))
    ) {
      context[key] = value as string | number;
    }
  }
  return context;
}
