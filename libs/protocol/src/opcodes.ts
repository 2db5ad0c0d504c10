/**
 * Frame operations. 2 to 6 are gochat's own and keep its meaning; new ones start at 20.
 * A client ignores an opcode that it does not know.
 *
 * @see PROTOCOL.md, section "Frames"
 */
export const Op = {
  /** Both ways: a direct message. */
  direct: 2,
  /** Both ways: a room message. */
  room: 3,
  /** Client: ask for the count. Server: number of users online in a room. */
  count: 4,
  /** Client: ask for the members. Server: who is online in a room. */
  info: 5,
  /** Client: move to a room, leaving the others (gochat's join). The first WebSocket frame without `op` is one. */
  move: 6,
  /** Client: join one more room, optionally resuming after `lastSeq`. */
  join: 20,
  /** Server: the join is done; live delivery starts after `seq`. */
  joined: 21,
  /** Server: a send was accepted. */
  ack: 22,
  /** Server: a frame was refused. */
  error: 23,
  /** Server: a range was not sent on this connection; read it with `history`. */
  resync: 24,
  /** Server: this instance is going away; reconnect after the given delay. */
  goaway: 25,
  /** Client: leave a room. Server: you have left it. */
  leave: 26,
  /** Client: ask for a page of history. Server: the page. */
  history: 27,
  /** Both ways: answer with `pong`. */
  ping: 28,
  pong: 29,
  /** Client: everything up to `seq` is read. Server: how far the user has read, on whichever device. */
  read: 30,
  /** Client: tell me of changes to the list of rooms, and of what I read elsewhere. Server: you will be told. */
  watch: 31,
  /** Server: rooms of the list that are new, or have changed. */
  rooms: 32,
  /** Server: an act, as an entry of the room's log. Its `kind` says which; one that is not known counts as shown. */
  event: 33,
  /** Client: do something to a room; answered like a send. */
  act: 34,
  /** Client: I wait to be let into a room. Server: how that stands; unasked when a host has decided. */
  wait: 35,
  /** Server: to hosts, how many wait to be let in. */
  lobby: 36,
} as const;

/** A known opcode. */
export type Op = (typeof Op)[keyof typeof Op];
