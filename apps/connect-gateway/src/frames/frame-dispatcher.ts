import { Inject, Injectable } from '@nestjs/common';
import { runInSpan, type TraceSpan } from '@parley/observability';
import { AppError, CloseCode, Op, parseClientFrame, type ClientFrame } from '@parley/protocol';
import { PublishCoalescer, RpcClient } from '@parley/rpc';
import type { Connection } from '../connections/connection.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { GatewayMetrics } from '../gateway-metrics.js';
import { ListWatchers } from '../lists/list-watchers.js';
import { ReadReports } from '../lists/read-reports.js';
import { LobbyWatchers } from '../lobby/lobby-watchers.js';
import { Admissions } from '../rooms/admissions.js';
import { PresenceAnnouncer } from '../rooms/presence-announcer.js';
import { RoomDirectory } from '../rooms/room-directory.js';
import { AuthenticatorService } from './authenticator.service.js';
import { acts } from './families/acts.js';
import type { ClientOp, FrameFamily, FrameHandler } from './families/family.js';
import { lobby } from './families/lobby.js';
import { moves } from './families/moves.js';
import { questions } from './families/questions.js';
import { reading } from './families/reading.js';
import { sends } from './families/sends.js';
import { signs } from './families/signs.js';
import { FrameRates } from './frame-rates.js';
import { frameSpan } from './frame-span.js';
import { FrameTurns } from './frame-turns.js';
import { QuestionLimits } from './question-limits.js';
import { refuse } from './replies.js';

/** Bad frames after which a connection is closed. */
const MAX_REFUSALS = 100;
/** What costs a script of Redis's. */
const isSend = (op: unknown): boolean => op === Op.room || op === Op.direct || op === Op.act;

/** What frames mean: the same for WebSocket and TCP. Every error ends here, as a typed frame. */
@Injectable()
export class FrameDispatcher {
  /** One for each opcode: the compiler finds one that is missing. */
  private readonly handlers: FrameFamily<ClientOp>;

  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    @Inject(AuthenticatorService) authenticator: AuthenticatorService,
    @Inject(RoomDirectory) rooms: RoomDirectory,
    @Inject(RpcClient) rpc: RpcClient,
    @Inject(PresenceAnnouncer) announcer: PresenceAnnouncer,
    @Inject(QuestionLimits) questionLimits: QuestionLimits,
    @Inject(FrameRates) private readonly rates: FrameRates,
    @Inject(ReadReports) reads: Pick<ReadReports, 'report'>,
    @Inject(ListWatchers) watchers: Pick<ListWatchers, 'watch' | 'nameOf'>,
    @Inject(Admissions) admissions: Pick<Admissions, 'admit'>,
    @Inject(LobbyWatchers) watchersOfLobbies: Pick<LobbyWatchers, 'wait'>,
    @Inject(GatewayMetrics) metrics: Pick<GatewayMetrics, 'sent'>,
  ) {
    const turns = new FrameTurns(authenticator);
    const publisher = new PublishCoalescer(rpc, {}, (seconds) => metrics.sent(seconds));
    this.handlers = {
      ...signs(turns),
      ...moves(turns, rooms, admissions),
      ...sends(turns, rooms, publisher),
      ...acts(turns, rooms, rpc),
      ...lobby(turns, watchersOfLobbies),
      ...questions(turns, rooms, announcer, questionLimits),
      ...reading(turns, rpc, reads, watchers, config.maxOutboundBytes),
    };
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
      if (frame.op >= Op.join) connection.speaksParley = connection.answersPings = true;
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
    await (this.handlers[frame.op] as FrameHandler<ClientOp>)(connection, frame);
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
    const isFault = !error.spec.retryable && !error.spec.isPolicy;
    if (isFault && ++connection.refusals > MAX_REFUSALS) refuse(connection, new AppError('TOO_MANY_ERRORS'));
  }
}
