import type { RoomFacts } from '@parley/protocol';
import type { Connection } from '../connections/connection.js';
import type { ResyncReason } from '../gateway-metrics.js';
import type { ByteBudget } from './byte-budget.js';
import type { gatherMs } from './gathering.js';
import type { LogReader } from './log-reader.js';
import type { RecentBudget } from './recent-messages.js';
import type { PutOut } from './room-acts.js';

/** Messages that have been written to the live members of a room. */
export interface RoomDelivery {
  readonly roomId: number;
  /** The last of them. */
  readonly seq: number;
  readonly messages: number;
  readonly members: number;
  /** Since the first of them was taken, milliseconds. */
  readonly tookMs: number;
}

/** What acts have made hold in a room, read anew. */
export interface FactsRead {
  readonly facts: RoomFacts;
  /** By the clock that ends of bans are of, milliseconds since 1970. */
  readonly nowMs: number;
}

/** What the rooms of a gateway share. */
export interface LocalRoomOptions {
  readonly log: LogReader;
  /** Bytes waiting in a member's socket above which it is no longer written to. */
  readonly maxOutboundBytes: number;
  /** Messages taken and not flushed, over all rooms. */
  readonly taken: ByteBudget;
  readonly recent: RecentBudget;
  /** How long the next write waits for more to come; see {@link gatherMs}. */
  readonly gatherMs: typeof gatherMs;
  readonly onDelivered: (delivery: RoomDelivery) => void;
  /** Members were told to read a range themselves. */
  readonly onResync: (reason: ResyncReason, members: number) => void;
  readonly readFacts: (roomId: number) => Promise<FactsRead>;
  /** A host has put a member out of the room: he is to be taken out of it, and told. */
  readonly onPutOut: (roomId: number, connection: Connection, why: PutOut) => void;
  /** A live member fell behind, because its socket held too much. */
  readonly onSlow: () => void;
}
