import { Inject, Injectable } from '@nestjs/common';
import { messageBody, newId, markText, type ActRecord } from '@parley/contracts';
import {
  actRules,
  actsFrom,
  AppError,
  bannedUntil,
  codePointLength,
  factChanges,
  isPanic,
  limits,
  Op,
  rankOf,
  roleOf,
  type Ack,
  type Act,
  type RoomEvent,
} from '@parley/protocol';
import { RoomStore } from '@parley/redis';
import { TokenBuckets } from '@parley/service-host/rates';
import { AccountsService } from '../accounts/accounts.service.js';
import { LineService } from '../line/line.service.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { idTimeMs } from '../messages/client-msg-id.js';
import { createTime } from '../messages/message-body.js';
import { PublishService } from '../messages/publish.service.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { SentBeforeService } from '../messages/sent-before.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { markOfEvent } from '../record/act-entry.js';
import { MarksService } from '../record/marks.service.js';
import { RecordRepository } from '../record/record.repository.js';
import { MessageFinder } from './message-finder.js';
import type { ActContext, Actor, ActResolver, Person, ResolvedAct } from './resolved-act.js';
import { refuseSilent } from './refuse-silent.js';
import { actResolvers } from './resolvers.js';

/** How often an act is made anew because the room has changed under it. */
const MAX_TRIES = 5;
/** Announcements of a room: one every two seconds, as everybody is to read them. */
const announcementRate = { burst: 2, perSecond: 0.5 };

/** Who asks for an act. */
export interface ActCaller {
  readonly userId: number;
  readonly userName: string;
  readonly standing?: 'member' | 'guest' | undefined;
  readonly isAdmin?: boolean | undefined;
}

/** Does things to rooms. Once an act is answered with an ack it is in force, for everything with a higher number. */
@Injectable()
export class ActsService {
  private readonly limits: TokenBuckets<number>;
  private readonly announcements = new TokenBuckets<number>(announcementRate);

  constructor(
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(LineService) private readonly line: Pick<LineService, 'redisNowMs'>,
    @Inject(AccountsService) private readonly accounts: Pick<AccountsService, 'findByIds'>,
    @Inject(MessageFinder) private readonly messages: MessageFinder,
    @Inject(PublishService) private readonly publishing: Pick<PublishService, 'acceptAct'>,
    @Inject(RecordRepository) private readonly record: Pick<RecordRepository, 'keep'>,
    @Inject(MarksService) private readonly marks: Pick<MarksService, 'between'>,
    @Inject(SentBeforeService) private readonly sentBefore: Pick<SentBeforeService, 'find'>,
    @Inject(LOGIC_OPTIONS) { actBurst, actsPerSecond }: Pick<LogicOptions, 'actBurst' | 'actsPerSecond'>,
  ) {
    this.limits = new TokenBuckets({ burst: actBurst, perSecond: actsPerSecond });
  }

  /** @throws {AppError} Why it is refused; `UNAVAILABLE` when the room changes too fast. */
  async act(from: ActCaller, roomId: number, act: Act, clientMsgId: string): Promise<Ack> {
    if ('msg' in act && codePointLength(act.msg) > limits.maxTextCodePoints)
      throw new AppError('MESSAGE_TOO_LONG');
    refuseAbove(this.limits.take(from.userId, 1, performance.now()));
    // An admin of the site enters a private room by this act alone.
    const entersByIt = act.act === 'takeOver' && from.isAdmin === true;
    const { kind } = entersByIt
      ? await this.access.find(roomId)
      : await this.access.authorize(from.userId, roomId);
    // A conversation belongs to its two users: nobody is above the other.
    if (kind === 'direct') throw new AppError('FORBIDDEN');
    try {
      return await this.actNow(from, roomId, act, clientMsgId);
    } catch (cause) {
      if (AppError.from(cause).code === 'IDEMPOTENCY_MISMATCH') throw cause;
      // Done before, it may be impossible now; its answer was lost. As long as that cannot be told it is not refused for good.
      const done = await this.doneBefore(from.userId, roomId, clientMsgId);
      if (done) return done;
      throw cause;
    }
  }

  /**
   * Tells a room of something that somebody did to himself, and that is no act of the matrix: for who may speak in it now.
   *
   * @param what - Its name in the log of acts.
   * @throws {AppError} `BANNED`; `MUTED`; `ROOM_CLOSED`; `HOSTS_ONLY`; `WAITING` in a panic.
   */
  async tell(from: ActCaller, roomId: number, event: RoomEvent, what: string): Promise<Ack> {
    const context = await this.context(from, roomId);
    refuseSilent(context);
    const clientMsgId = newId();
    const asked = { name: what, need: rankOf('guest'), text: JSON.stringify(event) };
    const ack = await this.accept(asked, context, { event, isSigned: true }, clientMsgId);
    if (!ack) throw new AppError('UNAVAILABLE', { context: { roomId } });
    return ack;
  }

  /** Whether `tell` would refuse, before something is done that is to be told. @throws {AppError} As `tell`. */
  async refuseSilent(from: ActCaller, roomId: number): Promise<void> {
    refuseSilent(await this.context(from, roomId));
  }

  private async actNow(from: ActCaller, roomId: number, act: Act, clientMsgId: string): Promise<Ack> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const context = await this.context(from, roomId);
      this.judge(act, context, tries === 0);
      const resolved = await (actResolvers[act.act] as ActResolver<Act['act']>)(act, context);
      const asked = { name: act.act, need: rankOf(actsFrom(act.act)), text: JSON.stringify(act) };
      const ack = await this.accept(asked, context, resolved, clientMsgId);
      if (ack) return ack;
    }
    throw new AppError('UNAVAILABLE', { context: { roomId } });
  }

  private async doneBefore(userId: number, roomId: number, clientMsgId: string): Promise<Ack | undefined> {
    const [found] = await this.sentBefore.find(roomId, [{ senderId: userId, clientMsgId }]);
    if (!found?.isAct) return undefined;
    const { seq, epoch, id, sentAt } = found;
    return { roomId, seq, epoch, id, clientMsgId, sentAt, duplicate: true };
  }

  /**
   * Whether an act may be asked for at all: nobody learns from a refusal how a room stands that he has no say in. The accept script
   * decides, at the act's number.
   */
  private judge({ act }: Act, { actor, roomId, facts, nowMs }: ActContext, isFirst: boolean): void {
    const until = bannedUntil(facts, actor.userId);
    if (until > nowMs) throw new AppError('BANNED', { until, context: { roomId } });
    const { from } = actRules[act];
    const isByRole = from !== 'author' && from !== 'admin';
    if (isByRole && rankOf(actor.role) < rankOf(from)) throw new AppError('FORBIDDEN');
    // A guest may have been put out; while it lasts nothing is his to do.
    if (actor.role === 'guest' && isPanic(facts)) throw new AppError('WAITING', { context: { roomId } });
    if (act === 'announce' && isFirst) refuseAbove(this.announcements.take(roomId, 1, performance.now()));
  }

  private async context(from: ActCaller, roomId: number): Promise<ActContext> {
    // It brings the facts to Redis, if the room had left it.
    const { seq: head } = await this.heads.ensure(roomId);
    const facts = await this.store.facts(roomId);
    const { userId, userName, standing = 'member', isAdmin = false } = from;
    const actor: Actor = { userId, userName, standing, isAdmin, role: roleOf(facts, userId, standing) };
    return {
      ...{ roomId, actor, facts, head },
      nowMs: this.line.redisNowMs(),
      messages: this.messages,
      person: (id) => this.person(id),
      markFor: async (range) => {
        const wanted = JSON.stringify(range);
        const marks = await this.marks.between(roomId, range.from, range.to ?? head);
        return marks.findLast((mark) => mark.hidden && JSON.stringify(mark.range) === wanted)?.seq;
      },
    };
  }

  private async person(userId: number): Promise<Person> {
    const [account] = await this.accounts.findByIds([userId]);
    if (!account) throw new AppError('USER_NOT_FOUND');
    return { userId, userName: account.userName, standing: account.role === 'guest' ? 'guest' : 'member' };
  }

  /**
   * @param asked - What is asked for: its name in the log, the least rank for it, and what tells it from another with one id.
   * @returns Undefined when the room is not what the act was made for.
   */
  private async accept(
    asked: { readonly name: string; readonly need: number; readonly text: string },
    { roomId, actor }: ActContext,
    { event, target, isFree = false, isSigned = false, expect = [], reason }: ResolvedAct,
    clientMsgId: string,
  ): Promise<Ack | undefined> {
    const [id, sentAt] = [newId(), Date.now()];
    // In gochat's order, and of its shape, so that one with a text can be handed to its clients as a message.
    const body = messageBody({
      code: 0,
      op: Op.event,
      ...event,
      fromUserId: isSigned ? actor.userId : 0,
      fromUserName: isSigned ? actor.userName : '',
      toUserId: 0,
      toUserName: '',
      roomId,
      createTime: createTime(sentAt),
      id,
      clientMsgId,
      sentAt,
    });
    const by = { userId: actor.userId, userName: actor.userName, role: actor.role };
    const record: ActRecord = {
      act: asked.name,
      by,
      ...(target && { target: { userId: target.userId, userName: target.userName } }),
      ...(reason !== undefined && { reason }),
    };
    const mark = markOfEvent(event, 0, sentAt);
    const recordText = JSON.stringify(record);
    const ack = await this.publishing.acceptAct({
      ...{ roomId, senderId: actor.userId, clientMsgId, body, id, sentAt },
      text: asked.text,
      clientMsgIdMs: idTimeMs(clientMsgId),
      rank: rankOf(actor.standing),
      act: {
        need: asked.need,
        isFree,
        target: target && {
          userId: target.userId,
          rank: rankOf(target.standing),
          mustBeLower: target.mustBeLower,
        },
        expect,
        change: factChanges(event),
        mark: mark && markText(mark),
        record: recordText,
      },
    });
    // On record before the answer, so that it outlives Redis; if SQL is away, the archive does it in its turn.
    if (ack && !ack.duplicate)
      await this.record
        .keep([{ roomId, seq: ack.seq, epoch: ack.epoch, body, act: recordText }])
        .catch(() => undefined);
    return ack;
  }
}

function refuseAbove(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
}
