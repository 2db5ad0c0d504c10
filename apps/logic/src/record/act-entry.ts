import {
  messageJson,
  parseActRecord,
  type ActRecord,
  type DispatchEntry,
  type Mark,
} from '@parley/contracts';
import { factChanges, hidingOf, readEvent, type FactChange, type RoomEvent } from '@parley/protocol';

/** An act as it is put on record. */
export interface RecordedAct {
  readonly roomId: number;
  readonly seq: number;
  readonly record: ActRecord;
  readonly event: RoomEvent;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly changes: readonly FactChange[];
  readonly mark: Mark | undefined;
}

/** Reads an entry as an act; undefined for a message, and for what is of a newer version. */
export function readAct(entry: DispatchEntry): RecordedAct | undefined {
  const record = parseActRecord(entry.act);
  if (!record) return undefined;
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(messageJson(entry)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const event = readEvent(body);
  if (!event) return undefined;
  const { roomId, seq } = entry;
  const at = Number(body['sentAt']);
  return { roomId, seq, record, event, at, changes: factChanges(event), mark: markOfEvent(event, seq, at) };
}

/** What an event says of the messages before it. */
export function markOfEvent(event: RoomEvent, seq: number, at: number): Mark | undefined {
  const hiding = hidingOf(event);
  return hiding && { seq, at, ...hiding };
}
