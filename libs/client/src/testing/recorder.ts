import type { ClientEvents } from '../client-events.js';
import type { ParleyClient } from '../parley-client.js';

/** Every event of a client, in order. */
export class Recorder {
  readonly events: Array<
    { [E in keyof ClientEvents]: { event: E; payload: ClientEvents[E] } }[keyof ClientEvents]
  > = [];

  constructor(client: ParleyClient) {
    for (const event of names) {
      client.on(event, (payload) => this.events.push({ event, payload } as (typeof this.events)[number]));
    }
  }

  of<E extends keyof ClientEvents>(event: E): Array<ClientEvents[E]> {
    return this.events.filter((e) => e.event === event).map((e) => e.payload as ClientEvents[E]);
  }

  /** Seqs of the room messages shown, in order. */
  seqs(roomId = 1): number[] {
    return this.of('message')
      .filter((m) => m.roomId === roomId)
      .map((m) => m.seq);
  }
}

const names = Object.keys({
  state: 0,
  message: 0,
  event: 0,
  roomState: 0,
  putOut: 0,
  waiting: 0,
  lobby: 0,
  direct: 0,
  joined: 0,
  count: 0,
  info: 0,
  acked: 0,
  refused: 0,
  gaveUp: 0,
  resync: 0,
  epoch: 0,
  read: 0,
  watching: 0,
  rooms: 0,
  goaway: 0,
  ended: 0,
  error: 0,
} satisfies Record<keyof ClientEvents, 0>) as Array<keyof ClientEvents>;
