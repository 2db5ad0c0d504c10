import { deletedSchema, Op, serverFrameSchema, type Message, type ServerFrame } from '@parley/protocol';

/** What the text of one frame turned out to be. `unknown`: an opcode of a newer server, to be ignored. */
export type ParsedFrame =
  | { readonly kind: 'frame'; readonly frame: ServerFrame }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'bad'; readonly problem: string };

const UNKNOWN: ParsedFrame = { kind: 'unknown' };
const knownOps: ReadonlySet<unknown> = new Set(
  serverFrameSchema.options.map((option) => option.shape.op.value),
);

/** Reads one frame of a server. Never throws. */
export function parseServerFrame(text: string): ParsedFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'bad', problem: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null) return { kind: 'bad', problem: 'not an object' };
  const { op } = value as { op?: unknown };
  if (op === Op.room || op === Op.direct) {
    // By hand: nearly every frame is a message, and this costs a tenth of a schema.
    return isMessage(value as Record<string, unknown>)
      ? { kind: 'frame', frame: withText(value as Message & { op: typeof Op.room }) }
      : { kind: 'bad', problem: `op ${op}` };
  }
  if (!knownOps.has(op)) return typeof op === 'number' ? UNKNOWN : { kind: 'bad', problem: 'no op' };
  const parsed = serverFrameSchema.safeParse(value);
  if (parsed.success) return { kind: 'frame', frame: parsed.data };
  const fields = new Set(parsed.error.issues.map((issue) => issue.path.join('.')));
  return { kind: 'bad', problem: `op ${String(op)}: ${[...fields].join(', ')}` };
}

/** The same as `messageSchema`; a spec holds the two together. */
function isMessage(m: Record<string, unknown>): boolean {
  return (
    isSeq(m['seq']) &&
    typeof m['epoch'] === 'string' &&
    m['code'] === 0 &&
    hasText(m) &&
    typeof m['fromUserId'] === 'number' &&
    typeof m['fromUserName'] === 'string' &&
    typeof m['toUserId'] === 'number' &&
    typeof m['toUserName'] === 'string' &&
    typeof m['roomId'] === 'number' &&
    typeof m['createTime'] === 'string' &&
    typeof m['id'] === 'string' &&
    typeof m['clientMsgId'] === 'string' &&
    typeof m['sentAt'] === 'number' &&
    (m['fromGuest'] === undefined || m['fromGuest'] === true)
  );
}

/** A tombstone has none. */
function hasText(m: Record<string, unknown>): boolean {
  if (m['deleted'] === undefined) return typeof m['msg'] === 'string' && m['msg'] !== '';
  return (
    (m['msg'] === undefined || typeof m['msg'] === 'string') && deletedSchema.safeParse(m['deleted']).success
  );
}

const withText = <M extends Message>(message: M): M =>
  message.msg === undefined ? { ...message, msg: '' } : message;

/** Stricter than the schema: order depends on it. */
function isSeq(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
