import { limits, Op, readEvent, type Entry } from '@parley/protocol';
import { Acts } from './acts.js';
import { fullJitter } from './backoff.js';
import { ClientError } from './client-error.js';
import type { ParleyClientOptions } from './client-options.js';
import { EventHub } from './event-hub.js';
import { FrameRouter } from './frame-router.js';
import { FrameSender } from './frame-sender.js';
import { HistoryReader } from './history-reader.js';
import { Link } from './link.js';
import { ListWatch } from './list-watch.js';
import { localError } from './local-refusal.js';
import { Outbox } from './outbox.js';
import { ReadReporter } from './read-reporter.js';
import { RequestTable } from './request-table.js';
import type { RoomLinePorts } from './room-line.js';
import { RoomStates } from './room-states.js';
import { RoomTable, type WantedRoom } from './room-table.js';
import { ServerRequests } from './server-requests.js';
import { Waits } from './waits.js';

/** What a client is made of. */
export interface ClientParts {
  readonly events: EventHub;
  readonly link: Link;
  readonly frames: FrameSender;
  readonly requests: ServerRequests;
  readonly rooms: RoomTable;
  readonly outbox: Outbox;
  readonly history: HistoryReader;
  readonly reads: ReadReporter;
  readonly watch: ListWatch;
  readonly states: RoomStates;
  readonly acts: Acts;
  readonly waits: Waits;
  /** Why nothing can be done any more; undefined while something can. */
  ended(): 'CLOSED' | 'ENDED' | undefined;
}

/** Nobody expects any more that an act is done, milliseconds. Chosen by judgement. */
const ACT_DEADLINE_MS = 30_000;

/** Puts the parts together: what one of them has to tell another goes through here. */
export function clientParts(options: ParleyClientOptions): ClientParts {
  const backoff = fullJitter(options.backoff, options.random);
  const now = options.now ?? (() => performance.now());
  const answerTimeoutMs = options.sendTimeoutMs ?? 5_000;
  const sendDeadlineMs = options.sendDeadlineMs ?? 120_000;
  const actDeadlineMs = options.actDeadlineMs ?? Math.min(sendDeadlineMs, ACT_DEADLINE_MS);
  const pagingDeadlineMs = options.pagingDeadlineMs ?? sendDeadlineMs;
  let endReason: 'CLOSED' | 'ENDED' | undefined;

  const ended = () => endReason;
  const online = () => link.state === 'online';
  /** A room that is wanted is not addressed before this connection is in it; any other is the server's to refuse. */
  const mayAddress = (roomId: number) => {
    const room = rooms.get(roomId);
    return room === undefined || room.joined !== undefined;
  };
  const ready = (roomId: number) => online() && mayAddress(roomId);

  const onOnline = (token: string) => {
    frames.begin(token);
    // Joins first: they carry the token, and sends to rooms wait for them.
    rooms.online();
    outbox.pumpAll();
    rooms.probeConversations();
    watch.online();
    waits.online();
    reads.online();
    events.emit('state', { state: 'online' });
  };
  const onOffline = () => {
    rooms.offline();
    outbox.offline();
    replies.failAll(new ClientError('DISCONNECTED', true));
  };
  const onEnded = (code: number, reason: string) => {
    const why = code === 1000 ? 'CLOSED' : 'ENDED';
    endReason = why;
    events.emit('state', { state: 'closed' });
    rooms.end(new ClientError(why, false));
    replies.failAll(new ClientError(why, false));
    history.end();
    acts.end();
    reads.end();
    watch.end();
    waits.end();
    outbox.end(why);
    events.emit('ended', { code, reason });
  };

  const show = (entry: Entry) => {
    if (entry.op !== Op.event) return events.emit(entry.op === Op.direct ? 'direct' : 'message', entry);
    const event = readEvent(entry);
    events.emit('event', { entry, event });
    const state = event && states.take(entry.roomId, event);
    if (state) events.emit('roomState', { roomId: entry.roomId, state });
  };
  const linePorts = (roomId: number): RoomLinePorts => ({
    page: (after) => requests.page(roomId, { after, limit: limits.maxHistoryPage }),
    show,
    epochChanged: (epoch, previous) => {
      events.emit('epoch', { roomId, epoch, previous });
      // Acts may have been lost with the line.
      rooms.refresh(roomId);
    },
    gaveUp: (from, to, reason) => {
      const range = to === undefined ? { from } : { from, to };
      events.emit('gaveUp', { what: 'messages', roomId, ...range, reason });
    },
    refused: (error) => rooms.refused(roomId, error),
    backoff,
    now,
    deadlineMs: pagingDeadlineMs,
  });
  const roomLost = (room: WantedRoom, error: ClientError) => {
    states.forget(room.roomId);
    // What waits for the room is now for the server to refuse.
    outbox.pumpAll();
    if (!room.everJoined) return;
    if (error.frame) events.emit('error', error.frame);
    const seq = room.line.position?.seq ?? 0;
    events.emit('gaveUp', { what: 'messages', roomId: room.roomId, from: seq + 1, reason: error.code });
  };

  /** A half-open connection takes everything, and the heartbeat alone finds out half a minute later. */
  const overdue = () => link.doubt(answerTimeoutMs);

  const events = new EventHub();
  const replies = new RequestTable(overdue);
  const states = new RoomStates();
  const link: Link = new Link({
    transport: options.transport,
    getToken: options.getToken,
    backoff,
    heartbeat: {
      intervalMs: options.heartbeat?.intervalMs ?? 20_000,
      timeoutMs: options.heartbeat?.timeoutMs ?? 10_000,
    },
    now,
    hasWork: () =>
      watch.isWanted || [waits, rooms, outbox, history, reads, acts].some(({ size }) => size > 0),
    online: onOnline,
    text: (text) => router.receive(text),
    offline: onOffline,
    state: (state, retryInMs) => {
      // These two are told when all is ready for what a listener may do: above.
      if (state === 'online' || state === 'closed') return;
      events.emit('state', retryInMs === undefined ? { state } : { state, retryInMs });
    },
    tokenFailed: (error) => events.emit('error', localError('TOKEN_UNAVAILABLE', String(error), true)),
    ended: onEnded,
  });
  const frames = new FrameSender((text) => link.send(text));
  const requests = new ServerRequests({ online, frames, replies, timeoutMs: answerTimeoutMs });
  const rooms: RoomTable = new RoomTable({
    online,
    sendJoin: ({ roomId, line }, failed) => requests.join(roomId, line.position, failed),
    linePorts,
    lost: roomLost,
    backoff,
  });
  const outbox: Outbox = new Outbox({
    ready: (target) => (target.op === Op.direct ? online() : ready(target.roomId)),
    ended,
    transmit: ({ target, text: msg, clientMsgId, ref }) =>
      frames.send({ ...target, msg, clientMsgId, ref }, target.op === Op.direct),
    bufferedBytes: () => link.bufferedBytes(),
    overdue,
    nextRef: () => replies.nextRef(),
    refused: (clientMsgId, error) => events.emit('refused', { clientMsgId, error }),
    gaveUp: ({ clientMsgId, target }, reason) =>
      events.emit('gaveUp', {
        what: 'send',
        clientMsgId,
        reason,
        ...(target.op === Op.room ? { roomId: target.roomId } : {}),
      }),
    backoff,
    now,
    sendTimeoutMs: answerTimeoutMs,
    sendDeadlineMs,
  });
  const retrying = { ended, ready, backoff, now };
  const history = new HistoryReader({
    ...retrying,
    page: (roomId, query) => requests.page(roomId, query),
    deadlineMs: pagingDeadlineMs,
  });
  const acts = new Acts({
    ...retrying,
    send: (roomId, act, clientMsgId) => requests.act(roomId, act, clientMsgId),
    deadlineMs: actDeadlineMs,
  });
  const waits = new Waits({
    online,
    ask: (roomId) => requests.wait(roomId),
    told: (frame) => events.emit('waiting', frame),
  });
  const watch = new ListWatch({ online, backoff, ask: () => requests.watch() });
  const reads = new ReadReporter({ online, backoff, send: (roomId, seq) => requests.read(roomId, seq) });
  const goaway = (reconnectAfterMs: number) => link.goaway(reconnectAfterMs);
  const router = new FrameRouter({ events, frames, replies, rooms, outbox, states, waits, goaway });
  return { events, link, frames, requests, rooms, outbox, history, reads, watch, states, acts, waits, ended };
}
