import { Op } from '@parley/protocol';
import type { Connection } from '../connections/connection.js';
import { encodedMessage, shownTo, type EncodedMessage, takeWrite } from '../connections/encoded-message.js';
import { MAX_READ, type LogReader } from './log-reader.js';
import type { Membership } from './membership.js';

/** A gap longer than this is the client's to page: one `resync` instead of the messages. */
export const MAX_REPLAY = 500;

/**
 * Brings one member from `lastSeq` to the room's position, as fast as its socket takes it. Stops while the socket is
 * full; the next drain calls again. Ends live, or collapsed to one `resync`.
 */
export async function catchUp(member: Membership, log: LogReader, maxOutboundBytes: number): Promise<void> {
  if (member.live || member.catchingUp) return;
  member.catchingUp = true;
  try {
    const { room, connection } = member;
    while (
      // It may have left, or joined again as another membership, or gone live with a resync, while the log was read.
      room.members.get(connection) === member &&
      !member.live &&
      connection.isOpen &&
      connection.bufferedBytes < maxOutboundBytes / 2 &&
      member.lastSeq < room.delivered
    ) {
      if (room.delivered - member.lastSeq > MAX_REPLAY) {
        collapse(member);
        break;
      }
      const { lastSeq } = member;
      const messages = room.recent.after(lastSeq) ?? (await fromLog(member, log));
      // What was read is for a place in the room that it has no more.
      if (room.members.get(connection) !== member || member.lastSeq !== lastSeq) continue;
      if (!messages) {
        collapse(member);
        break;
      }
      replay(member, messages, maxOutboundBytes);
    }
  } finally {
    member.catchingUp = false;
  }
  // In this turn nothing was delivered since the position was compared: no message can fall between.
  member.room.promote(member);
}

/** The next part of the log; undefined when it is not there any more. */
async function fromLog(member: Membership, log: LogReader): Promise<EncodedMessage[] | undefined> {
  const { room, lastSeq } = member;
  const entries = await log.range(room.roomId, lastSeq + 1, room.delivered);
  const contiguous =
    entries.length > 0 &&
    entries.every((entry, i) => entry.seq === lastSeq + 1 + i && entry.epoch === room.epoch);
  return contiguous ? entries.map(encodedMessage) : undefined;
}

/** Writes as many of the messages as the socket should hold. */
function replay(member: Membership, messages: readonly EncodedMessage[], maxOutboundBytes: number): void {
  const { connection } = member;
  const due = messages.slice(0, MAX_READ);
  while (due.length > 0 && connection.bufferedBytes < maxOutboundBytes / 2) {
    const part = takeWrite(due);
    const shown = part.flatMap((message) => shownTo(message, connection) ?? []);
    connection.write(Buffer.concat(shown.map((message) => connection.encode(message))));
    member.lastSeq = part.at(-1)?.seq ?? member.lastSeq;
  }
}

function collapse(member: Membership): void {
  const { room, lastSeq } = member;
  sendResync(member.connection, {
    roomId: room.roomId,
    epoch: room.epoch,
    from: lastSeq + 1,
    to: room.delivered,
    reason: 'slow',
  });
  member.lastSeq = room.delivered;
  room.collapsed();
}

export interface SkippedRange {
  readonly roomId: number;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly reason: 'slow' | 'gap' | 'epoch';
}

/** The JSON of a `resync` frame. */
export function resyncFrame(range: SkippedRange): string {
  return JSON.stringify({ op: Op.resync, ...range });
}

export function sendResync(connection: Connection, range: SkippedRange): void {
  connection.send(resyncFrame(range));
}
