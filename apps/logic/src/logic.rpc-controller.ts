import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { logicRpc, type RpcResponse } from '@parley/contracts';
import { RpcMethod } from '@parley/rpc';
import type { z } from 'zod';
import { ArchiveService } from './messages/archive.service.js';
import { HistoryService } from './messages/history.service.js';
import { OwnDatabaseService } from './messages/own-database.service.js';
import { PublishMetrics } from './messages/publish-metrics.js';
import { RoomHeadsService } from './messages/room-heads.service.js';
import { UserSearchService } from './directory/user-search.service.js';
import { ReadingService } from './reading/reading.service.js';
import { RoomListsService } from './presence/room-lists.service.js';
import { RoomsService } from './presence/rooms.service.js';
import { RoomUseService } from './rooms/room-use.service.js';
import { SessionsService } from './sessions/sessions.service.js';

type Request<M extends keyof typeof logicRpc> = z.output<(typeof logicRpc)[M]['request']>;
type Response<M extends keyof typeof logicRpc> = Promise<RpcResponse<(typeof logicRpc)[M]>>;

/** Everything that logic serves; see `logicRpc` for what each means. */
@Controller()
export class LogicRpcController {
  constructor(
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(RoomsService) private readonly rooms: RoomsService,
    @Inject(RoomListsService) private readonly lists: RoomListsService,
    @Inject(RoomUseService) private readonly use: RoomUseService,
    @Inject(OwnDatabaseService) private readonly own: OwnDatabaseService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(HistoryService) private readonly histories: HistoryService,
    @Inject(ArchiveService) private readonly archives: ArchiveService,
    @Inject(ReadingService) private readonly reading: ReadingService,
    @Inject(UserSearchService) private readonly people: UserSearchService,
    @Inject(PublishMetrics) private readonly metrics: PublishMetrics,
  ) {}

  @RpcMethod(logicRpc.register)
  register(@Payload() { userName, password }: Request<'register'>): Response<'register'> {
    return this.sessions.register(userName, password);
  }

  @RpcMethod(logicRpc.login)
  login(@Payload() { userName, password }: Request<'login'>): Response<'login'> {
    return this.sessions.login(userName, password);
  }

  @RpcMethod(logicRpc.logout)
  async logout(@Payload() { userId, sessionId, expiresAt }: Request<'logout'>): Response<'logout'> {
    await this.sessions.logout(userId, sessionId, expiresAt);
    return {};
  }

  @RpcMethod(logicRpc.listRooms)
  listRooms(@Payload() { userId, limit, cursor, q }: Request<'listRooms'>): Response<'listRooms'> {
    return this.lists.roomsFor(userId, limit, cursor, q);
  }

  @RpcMethod(logicRpc.searchUsers)
  searchUsers(@Payload() { q, limit, cursor }: Request<'searchUsers'>): Response<'searchUsers'> {
    return this.people.find(q, limit, cursor);
  }

  @RpcMethod(logicRpc.getRoom)
  getRoom(@Payload() { userId, roomId }: Request<'getRoom'>): Response<'getRoom'> {
    return this.rooms.get(userId, roomId);
  }

  @RpcMethod(logicRpc.createRoom)
  createRoom(@Payload() { userId, name, listed, key }: Request<'createRoom'>): Response<'createRoom'> {
    return this.rooms.create(userId, name, { isPrivate: !listed, key });
  }

  @RpcMethod(logicRpc.listMembers)
  listMembers(@Payload() { userId, roomId }: Request<'listMembers'>): Response<'listMembers'> {
    return this.rooms.members(userId, roomId);
  }

  @RpcMethod(logicRpc.getPresence)
  getPresence(@Payload() { userId }: Request<'getPresence'>): Response<'getPresence'> {
    return this.rooms.presenceOf(userId);
  }

  @RpcMethod(logicRpc.listConversations)
  listConversations(
    @Payload() { userId, limit, cursor, peer }: Request<'listConversations'>,
  ): Response<'listConversations'> {
    if (peer !== undefined) return this.lists.conversationWith(userId, peer);
    return this.lists.conversations(userId, limit, cursor);
  }

  @RpcMethod(logicRpc.admit)
  admit(@Payload() { userId, roomId }: Request<'admit'>): Response<'admit'> {
    return this.rooms.admit(userId, roomId);
  }

  @RpcMethod(logicRpc.admitMany)
  async admitMany(@Payload() { asks }: Request<'admitMany'>): Response<'admitMany'> {
    return { kinds: await this.rooms.admitMany(asks) };
  }

  @RpcMethod(logicRpc.restorePosition)
  async restorePosition(
    @Payload() { roomId, seen }: Request<'restorePosition'>,
  ): Response<'restorePosition'> {
    const { seq, epoch } = await this.heads.outlive(roomId, seen);
    return { seq, epoch };
  }

  @RpcMethod(logicRpc.publishMany)
  async publishMany(@Payload() { sends, apart, mixed }: Request<'publishMany'>): Response<'publishMany'> {
    const startedAt = performance.now();
    const results = await this.own.publishMany(sends, { apart: apart ?? false, mixed: mixed ?? false });
    this.metrics.published(results, performance.now() - startedAt);
    return { results };
  }

  @RpcMethod(logicRpc.history)
  history(@Payload() query: Request<'history'>): Response<'history'> {
    return this.histories.page(query);
  }

  @RpcMethod(logicRpc.markRead)
  async markRead(@Payload() { reads }: Request<'markRead'>): Response<'markRead'> {
    return { results: await this.reading.markMany(reads) };
  }

  @RpcMethod(logicRpc.markAllRead)
  async markAllRead(@Payload() { userId }: Request<'markAllRead'>): Response<'markAllRead'> {
    await this.reading.markAll(userId);
    return {};
  }

  @RpcMethod(logicRpc.forgetRead)
  async forgetRead(@Payload() { userId, roomId }: Request<'forgetRead'>): Response<'forgetRead'> {
    await this.reading.forget(userId, roomId);
    return {};
  }

  @RpcMethod(logicRpc.listUnread)
  listUnread(@Payload() { userId }: Request<'listUnread'>): Response<'listUnread'> {
    return this.reading.list(userId);
  }

  @RpcMethod(logicRpc.announce)
  async announce(@Payload() { userId, roomId, what }: Request<'announce'>): Response<'announce'> {
    await this.rooms.announce(userId, roomId, what);
    return {};
  }

  @RpcMethod(logicRpc.archive)
  async archive(@Payload() { entries, databaseLife }: Request<'archive'>): Response<'archive'> {
    if (!this.own.isOurs(databaseLife)) return { otherDatabase: true };
    await this.archives.append(entries);
    this.use.touch(entries.map(({ roomId }) => roomId));
    return {};
  }
}
