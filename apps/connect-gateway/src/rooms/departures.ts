import type { Connection } from '../connections/connection.js';
import { isMeant, type PutOut, type RoomActs } from './room-acts.js';

/** Who has to leave a room, each behind the act that says so: they are told of it like everybody else. */
export class Departures {
  private waiting: { readonly seq: number; readonly why: PutOut }[] = [];

  /** @param putOut - Takes one of them out. */
  constructor(
    private readonly members: ReadonlyMap<Connection, unknown>,
    private readonly putOut: (connection: Connection, why: PutOut) => void,
  ) {}

  /** Has to leave once everybody has been given everything up to `seq`. */
  add(seq: number, why: PutOut): void {
    this.waiting.push({ seq, why });
  }

  /** Everything up to `delivered` was given to everybody. */
  passed(delivered: number): void {
    if (this.waiting.length === 0) return;
    const due = this.waiting.filter(({ seq }) => seq <= delivered);
    this.waiting = this.waiting.filter(({ seq }) => seq > delivered);
    for (const { why } of due)
      for (const connection of [...this.members.keys()])
        if (isMeant(connection, why)) this.putOut(connection, why);
  }

  /** Acts that were never taken here have banned somebody, or put him out: `also`. */
  missed(acts: RoomActs, nowMs: number, also: readonly PutOut[]): void {
    for (const connection of [...this.members.keys()]) {
      const ban = connection.identity && acts.banOf(connection.identity.userId, nowMs);
      const why = ban ?? also.find((putOut) => isMeant(connection, putOut));
      if (why) this.putOut(connection, why);
    }
  }
}
