import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { lobbyEventSchema, logicRpc, type LobbyEvent } from '@parley/contracts';
import { AppError, isHost, limits, Op, roleOf, type WaitingState } from '@parley/protocol';
import { EventBus } from '@parley/redis';
import { RpcClient } from '@parley/rpc';
import { TokenBuckets, type BucketRate } from '@parley/service-host/rates';
import { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';
import { RoomDirectory } from '../rooms/room-directory.js';

/** Who waits asks every ten seconds, on each of his connections, and once more when it is new. Judgement. */
export const waitRate: BucketRate = { burst: 20, perSecond: 2 };

/** Tells connections that wait in front of a room how that stands, and hosts how many wait. */
@Injectable()
export class LobbyWatchers implements OnModuleInit {
  private readonly askers = new TokenBuckets<number>(waitRate);

  constructor(
    @Inject(ConnectionIndex) private readonly connections: Pick<ConnectionIndex, 'all'>,
    @Inject(RoomDirectory) private readonly rooms: Pick<RoomDirectory, 'get'>,
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(EventBus) private readonly events: Pick<EventBus, 'subscribe'>,
  ) {}

  async onModuleInit(): Promise<void> {
    // A hint that was lost: who waits asks within some seconds, and hosts are told again as long as somebody does.
    await this.events.subscribe('lobby', lobbyEventSchema, (event) => this.hear(event));
  }

  /**
   * How it stands with who waits. From here on the connection is told when that changes.
   *
   * @throws {AppError} `NOT_WAITING`; `RATE_LIMITED`.
   */
  async wait(connection: Connection, userId: number, roomId: number): Promise<WaitingState> {
    const retryAfterMs = this.askers.take(userId, 1, performance.now());
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
    connection.waitsFor = roomId;
    const [state] = await this.ask(roomId, [userId]);
    if (state?.state !== 'waiting') connection.waitsFor = undefined;
    if (!state) throw new AppError('NOT_WAITING', { context: { roomId } });
    return state;
  }

  private hear({ roomId, waiting, isDecided }: LobbyEvent): void {
    this.tellHosts(roomId, waiting);
    if (isDecided) void this.tellWaiting(roomId);
  }

  private tellHosts(roomId: number, waiting: number): void {
    const room = this.rooms.get(roomId);
    if (!room) return;
    const frame = JSON.stringify({ op: Op.lobby, roomId, waiting });
    for (const connection of room.members.keys()) {
      const { identity } = connection;
      if (identity && connection.speaksParley && isHost(roleOf(room.acts.facts, identity.userId)))
        connection.send(frame);
    }
  }

  /** Who is not told asks within some seconds. */
  private async tellWaiting(roomId: number): Promise<void> {
    const byUser = new Map<number, Connection[]>();
    for (const connection of this.connections.all()) {
      const userId = connection.identity?.userId;
      if (connection.waitsFor !== roomId || userId === undefined) continue;
      const others = byUser.get(userId);
      if (others) others.push(connection);
      else byUser.set(userId, [connection]);
    }
    const userIds = [...byUser.keys()];
    for (let i = 0; i < userIds.length; i += limits.maxWaitingPage) {
      const some = userIds.slice(i, i + limits.maxWaitingPage);
      const states = await this.ask(roomId, some).catch(() => []);
      for (const [n, userId] of some.entries()) {
        const state = states[n];
        for (const connection of state ? (byUser.get(userId) ?? []) : []) {
          if (connection.waitsFor !== roomId) continue;
          if (state?.state !== 'waiting') connection.waitsFor = undefined;
          connection.send(JSON.stringify({ op: Op.wait, ...state }));
        }
      }
    }
  }

  private async ask(roomId: number, userIds: number[]): Promise<(WaitingState | null)[]> {
    return (await this.rpc.call(logicRpc.askWaiting, { roomId, userIds })).states;
  }
}
