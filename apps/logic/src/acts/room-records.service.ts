import { Inject, Injectable } from '@nestjs/common';
import {
  AppError,
  FOREVER,
  isHost,
  roleOf,
  stateFor,
  type AuditPage,
  type Original,
  type Restrictions,
  type RoomFacts,
  type RoomState,
} from '@parley/protocol';
import { RoomStore } from '@parley/redis';
import { AccountsService } from '../accounts/accounts.service.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { RecordRepository } from '../record/record.repository.js';
import { MessageFinder } from './message-finder.js';

/** What is known of a room: its state for everybody, and for its hosts who is restricted, who did what, and hidden texts. */
@Injectable()
export class RoomRecordsService {
  constructor(
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(AccountsService) private readonly accounts: Pick<AccountsService, 'findByIds'>,
    @Inject(RecordRepository) private readonly record: Pick<RecordRepository, 'audit' | 'latestOn'>,
    @Inject(MessageFinder) private readonly messages: Pick<MessageFinder, 'find'>,
  ) {}

  /** What holds in a room, for one user. */
  async state(
    userId: number,
    roomId: number,
    standing: 'member' | 'guest' = 'member',
  ): Promise<{ seq: number; epoch: string; state: RoomState }> {
    await this.access.authorize(userId, roomId);
    const { seq, epoch } = await this.heads.ensure(roomId);
    await this.access.authorizeReader(userId, roomId);
    // Behind the position: it has every act up to there, and perhaps later ones.
    return { seq, epoch, state: stateFor(await this.store.facts(roomId), userId, standing) };
  }

  /** Who is banned or may not speak. @throws {AppError} `FORBIDDEN` for who is no host. */
  async restrictions(userId: number, roomId: number): Promise<Restrictions> {
    const facts = await this.forHost(userId, roomId);
    const nowMs = await this.store.nowMs();
    const found = [...facts].flatMap(([name, value]) => {
      const [, kind, id] = /^([mb])(\d+)$/.exec(name) ?? [];
      const until = Number(value);
      if (!id || until <= nowMs) return [];
      return [{ userId: Number(id), kind: kind === 'b' ? ('ban' as const) : ('timeout' as const), until }];
    });
    const ids = [...new Set(found.map((one) => one.userId))];
    const [accounts, lines] = await Promise.all([
      this.accounts.findByIds(ids),
      this.record.latestOn(roomId, ids),
    ]);
    const names = new Map(accounts.map((account) => [account.userId, account.userName]));
    return {
      restrictions: found.map(({ until, ...one }) => {
        const line = lines.find(({ act, target }) => act === one.kind && target?.userId === one.userId);
        return {
          ...one,
          userName: names.get(one.userId) ?? '',
          ...(until !== FOREVER && { until }),
          ...(line && { by: line.actor.userName, at: line.at }),
          ...(line?.reason !== undefined && { reason: line.reason }),
        };
      }),
    };
  }

  /** The audit log, the newest first. @throws {AppError} `FORBIDDEN` for who is no host. */
  async audit(
    userId: number,
    roomId: number,
    query: {
      readonly before?: number | undefined;
      readonly about?: number | undefined;
      readonly limit: number;
    },
  ): Promise<AuditPage> {
    await this.forHost(userId, roomId);
    const { before, about, limit } = query;
    const lines = await this.record.audit(roomId, { before, userId: about, limit: limit + 1 });
    return { lines: lines.slice(0, limit), more: lines.length > limit };
  }

  /** A message as it was sent, hidden or not. @throws {AppError} `FORBIDDEN` for who is no host; `MESSAGE_NOT_FOUND`. */
  async original(userId: number, roomId: number, seq: number): Promise<Original> {
    await this.forHost(userId, roomId);
    const { msg, fromUserId, fromUserName, sentAt } = await this.messages.find(roomId, seq);
    return { seq, msg, fromUserId, fromUserName, sentAt };
  }

  /** What holds in a room, for its hosts. @throws {AppError} `FORBIDDEN` for who is no host. */
  async forHost(userId: number, roomId: number): Promise<RoomFacts> {
    await this.access.authorize(userId, roomId);
    await this.heads.ensure(roomId);
    await this.access.authorizeReader(userId, roomId);
    const facts = await this.store.facts(roomId);
    if (!isHost(roleOf(facts, userId))) throw new AppError('FORBIDDEN');
    return facts;
  }
}
