import { Inject, Injectable } from '@nestjs/common';
import { logicRpc, newId, type Identity, type Send } from '@parley/contracts';
import {
  AppError,
  CloseCode,
  limits,
  Op,
  parseClientFrame,
  type ClientFrame,
  type ClientFrameOf,
} from '@parley/protocol';
import { runInSpan, type TraceSpan } from '@parley/observability';
import { PublishCoalescer, RpcClient } from '@parley/rpc';
import { digestOf } from '@parley/service-host';
import type { Connection } from '../connections/connection.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { GatewayMetrics } from '../gateway-metrics.js';
import { ListWatchers } from '../lists/list-watchers.js';
import { ReadReports } from '../lists/read-reports.js';
import { Admissions } from '../rooms/admissions.js';
import { PresenceAnnouncer } from '../rooms/presence-announcer.js';
import { RoomDirectory } from '../rooms/room-directory.js';
import { AuthenticatorService } from './authenticator.service.js';
import { QuestionLimits } from './question-limits.js';
import { FrameRates } from './frame-rates.js';
import { frameSpan } from './frame-span.js';
import { historyFrame, refuse } from './replies.js';

/** Bad frames after which a connection is closed. */
const MAX_REFUSALS = 100;
/** Bytes of the messages in one history frame: it must fit in a TCP frame. */
const MAX_PAGE_BYTES = 28_000;

const isSend = (op: unknown): boolean => op === Op.room || op === Op.direct;

/** What frames mean: the same for WebSocket and TCP. Every error ends here, as a typed frame. */
@Injectable()
export class FrameDispatcher {
  private readonly publisher: PublishCoalescer;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(AuthenticatorService) private readonly authenticator: AuthenticatorService,
    @Inject(RoomDirectory) private readonly rooms: RoomDirectory,
    @Inject(RpcClient) private readonly rpc: RpcClient,
    @Inject(PresenceAnnouncer) private readonly announcer: PresenceAnnouncer,
    @Inject(QuestionLimits) private readonly questions: QuestionLimits,
    @Inject(FrameRates) private readonly rates: FrameRates,
    @Inject(ReadReports) private readonly reads: Pick<ReadReports, 'report'>,
    @Inject(ListWatchers) private readonly watchers: Pick<ListWatchers, 'watch' | 'nameOf'>,
    @Inject(Admissions) private readonly admissions: Pick<Admissions, 'admit'>,
    @Inject(GatewayMetrics) metrics: Pick<GatewayMetrics, 'sent'>,
  ) {
    this.publisher = new PublishCoalescer(rpc, {}, (seconds) => metrics.sent(seconds));
  }

  /**
   * Handles one frame; never throws.
   *
   * @param text - Undefined when its bytes were no UTF-8.
   */
  async handle(connection: Connection, text: string | undefined): Promise<void> {
    // Its session may be over: what still comes, until the peer has closed, does not count.
    if (!connection.isOpen) return;
    let frame: ClientFrame | undefined;
    let span: TraceSpan | undefined;
    try {
      // JSON is UTF-8 (RFC 8259, section 8.1); characters put in place of what is none would be somebody's message.
      if (text === undefined) throw new AppError('BAD_JSON');
      frame = parseClientFrame(text, (op) => (isSend(op) ? this.rates.takeSend(connection) : 0));
      if (frame.op >= Op.join) connection.answersPings = true;
      span = frameSpan(connection, frame);
      await this.performIn(span, connection, frame);
      span?.end();
    } catch (cause) {
      const error = AppError.from(cause);
      span?.end(error.code);
      this.refuse(connection, error, frame);
    }
  }

  private performIn(span: TraceSpan | undefined, connection: Connection, frame: ClientFrame): Promise<void> {
    return span ? runInSpan(span, () => this.perform(connection, frame)) : this.perform(connection, frame);
  }

  private async perform(connection: Connection, frame: ClientFrame): Promise<void> {
    switch (frame.op) {
      case Op.ping:
        return this.ping(connection, frame);
      case Op.pong:
        return frame.authToken === undefined ? undefined : this.takeToken(connection, frame);
      case Op.move:
      case Op.join:
      case Op.leave:
        return connection.order.enqueue(frame.roomId, () => this.changeRooms(connection, frame));
      case Op.room:
      case Op.direct:
        return this.publish(connection, frame);
      case Op.count:
      case Op.info:
        return this.ask(connection, frame);
      case Op.history:
        return this.history(connection, frame);
      case Op.read:
        return this.read(connection, frame);
      case Op.watch:
        return this.watch(connection, frame);
    }
  }

  /**
   * Hands a frame on in the order in which it came: the first frame waits for Redis, and what comes right behind it must
   * not overtake it. A send behind a join, to that room or to the one joined last, waits for the join.
   *
   * @param job - Only what has to be in order; what it waits for, later frames wait for too.
   */
  private inOrder<T>(
    connection: Connection,
    { authToken, roomId }: { readonly authToken?: string | undefined; readonly roomId?: number | undefined },
    job: (identity: Identity) => T,
  ): Promise<T> {
    const isKnown =
      connection.identity && (authToken === undefined || digestOf(authToken) === connection.tokenDigest);
    return connection.order.run(isKnown ? roomId : undefined, async () =>
      job(await this.authenticator.identify(connection, authToken)),
    );
  }

  private async changeRooms(
    connection: Connection,
    frame: ClientFrameOf<typeof Op.move | typeof Op.join | typeof Op.leave>,
  ): Promise<void> {
    const identity = await this.authenticator.identify(connection, frame.authToken);
    // A connection is one user's, so that closing a session can close its sockets.
    if (identity.userId !== connection.identity?.userId) throw new AppError('FORBIDDEN');
    const { roomId } = frame;
    if (frame.op === Op.leave) {
      this.rooms.leave(connection, roomId);
      return connection.send(JSON.stringify({ op: Op.leave, roomId, ref: frame.ref }));
    }
    const kept = [...connection.memberships.values()].filter(
      // What others have opened on it is not its own.
      ({ room, byMessage }) =>
        !byMessage && room.roomId !== roomId && (frame.op === Op.join || room.kind === 'direct'),
    );
    if (kept.length >= limits.maxRoomsPerConnection) throw new AppError('TOO_MANY_ROOMS');
    const kind = await this.admissions.admit(identity.userId, roomId);
    const from =
      frame.lastSeq !== undefined && frame.epoch !== undefined
        ? { lastSeq: frame.lastSeq, epoch: frame.epoch }
        : undefined;
    const { member, resumed } = await this.rooms.join(connection, roomId, kind, from);
    if (frame.op === Op.move) {
      for (const other of [...connection.memberships.values()]) {
        if (other.room.roomId !== roomId && other.room.kind === 'room')
          this.rooms.leave(connection, other.room.roomId);
      }
    }
    connection.currentRoomId = roomId;
    const { room } = member;
    connection.send(
      JSON.stringify({
        op: Op.joined,
        roomId,
        epoch: room.epoch,
        seq: member.lastSeq,
        head: Math.max(room.delivered, member.lastSeq),
        resumed,
        userId: identity.userId,
        userName: identity.userName,
        ref: frame.ref,
      }),
    );
    // `joined` is written before the first message: both go to the socket in this order. With nothing to catch up it is
    // live in this turn.
    room.resume(member);
  }

  private async publish(
    connection: Connection,
    frame: ClientFrameOf<typeof Op.room | typeof Op.direct>,
  ): Promise<void> {
    const clientMsgId = frame.clientMsgId ?? newId();
    const { accepted } = await this.inOrder(connection, frame, ({ userId, userName, databaseLife }) => {
      const target: Partial<Send> =
        frame.op === Op.direct
          ? { toUserId: frame.toUserId }
          : { roomId: this.roomOf(connection, frame.roomId) };
      const from = { userId, userName, ...(databaseLife !== undefined && { databaseLife }) };
      // In a box: the next frame waits until this one is handed on, not for its answer. From here the coalescer keeps order.
      return { accepted: this.publisher.publish({ from, text: frame.msg, clientMsgId, ...target }) };
    });
    const ack = await accepted;
    connection.send(JSON.stringify({ op: Op.ack, ...ack, ref: frame.ref }));
    this.rooms.get(ack.roomId)?.expect(ack);
  }

  private async ping(connection: Connection, frame: ClientFrameOf<typeof Op.ping>): Promise<void> {
    // Without a token in the same turn: what comes right behind may end the connection.
    if (frame.authToken !== undefined) await this.takeToken(connection, frame);
    connection.send(JSON.stringify({ op: Op.pong, ref: frame.ref }));
  }

  /** An idle client hands in a newer token with one of these. */
  private async takeToken(
    connection: Connection,
    frame: ClientFrameOf<typeof Op.ping | typeof Op.pong>,
  ): Promise<void> {
    await this.inOrder(connection, frame, () => undefined);
  }

  private roomOf(connection: Connection, roomId: number | undefined): number {
    const id = roomId ?? connection.currentRoomId;
    if (id === undefined) throw new AppError('NOT_JOINED');
    return id;
  }

  /** Only who is in a room may ask who else is. */
  private async ask(
    connection: Connection,
    frame: ClientFrameOf<typeof Op.count | typeof Op.info>,
  ): Promise<void> {
    const room = await this.inOrder(connection, frame, ({ userId }) => {
      const roomId = this.roomOf(connection, frame.roomId);
      const room = this.rooms.get(roomId);
      if (userId !== connection.identity?.userId || !room?.members.has(connection))
        throw new AppError('NOT_JOINED');
      this.questions.take(userId, roomId);
      return room;
    });
    try {
      await this.announcer.ask(connection, room, frame.op === Op.count ? 'count' : 'info');
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  }

  private history(connection: Connection, frame: ClientFrameOf<typeof Op.history>): Promise<void> {
    // An answer is a thousand times larger than its question: the next one is made when the socket has room for it.
    const identified = this.inOrder(connection, frame, ({ userId }) => userId);
    const done = connection.pages.then(async () => {
      const userId = await identified;
      await connection.whenTaken(this.config.maxOutboundBytes);
      await this.sendPage(connection, frame, userId);
    });
    // It is awaited when its turn comes.
    identified.catch(() => undefined);
    connection.pages = done.catch(() => undefined);
    return done;
  }

  private async sendPage(
    connection: Connection,
    frame: ClientFrameOf<typeof Op.history>,
    userId: number,
  ): Promise<void> {
    const page = await this.rpc.call(logicRpc.history, {
      userId,
      roomId: frame.roomId,
      ...(frame.after !== undefined && { after: frame.after }),
      ...(frame.before !== undefined && { before: frame.before }),
      limit: frame.limit ?? limits.maxHistoryPage,
      maxBytes: MAX_PAGE_BYTES,
    });
    connection.send(historyFrame(page, frame.ref));
  }

  private async read(connection: Connection, frame: ClientFrameOf<typeof Op.read>): Promise<void> {
    const { roomId, seq, ref } = frame;
    const by = this.watchers.nameOf(connection);
    const { kept } = await this.inOrder(connection, frame, ({ userId }) => ({
      // In a box: later frames do not wait for it.
      kept: this.reads.report({ userId, roomId, seq, by }),
    }));
    connection.send(JSON.stringify({ op: Op.read, ...(await kept), ref }));
  }

  private async watch(connection: Connection, frame: ClientFrameOf<typeof Op.watch>): Promise<void> {
    await this.inOrder(connection, frame, ({ userId }) => {
      if (userId !== connection.identity?.userId) throw new AppError('FORBIDDEN');
      this.watchers.watch(connection, frame.ref);
    });
  }

  private refuse(connection: Connection, error: AppError, frame: ClientFrame | undefined): void {
    refuse(connection, error, {
      ref: frame?.ref,
      ...(frame && 'roomId' in frame && frame.roomId !== undefined && { roomId: frame.roomId }),
      ...(frame &&
        'clientMsgId' in frame &&
        frame.clientMsgId !== undefined && { clientMsgId: frame.clientMsgId }),
    });
    // Whoever never showed a valid token has nothing to wait for.
    if (error.code === 'UNAUTHENTICATED' && !connection.identity && frame?.authToken !== undefined) {
      return connection.close(CloseCode.unauthenticated, error.code);
    }
    if (!error.spec.retryable && ++connection.refusals > MAX_REFUSALS)
      refuse(connection, new AppError('TOO_MANY_ERRORS'));
  }
}
