import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { logicRpc } from '@parley/contracts';
import { within } from '@parley/observability';
import { PresenceStore, RedisConnections } from '@parley/redis';
import { liveAmong, REGISTRY, type Instance, type Registry } from '@parley/registry';
import { RpcClient } from '@parley/rpc';
import { ConnectionIndex, SHARE_USERS_EVERY } from '../connections/connection-index.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { RoomDirectory, type DirectoryEntry } from './room-directory.js';

/** Rooms, or users, asked about in one pipeline. */
const CHUNK = 500;
/** Rooms put right at the same time: one that waits must not hold up the others, nor all of them ask at once. */
const ROOMS_AT_ONCE = 16;
/** A room whose presence was on the move at so many checks in a row is checked all the same. */
export const MAX_UNSETTLED_CHECKS = 5;
/** Longest wait of a stopping process for the check under way, milliseconds. */
const STOP_WITHIN_MS = 500;
/** A direct room without traffic for this long is forgotten here; the next message opens it again. Milliseconds. */
const DIRECT_IDLE_MS = 600_000;

/**
 * Compares what was delivered with what there is, every few seconds and after every reconnect: a lost hint costs
 * seconds, never a message. It also puts right what Redis says about this instance, and removes dead instances' shares.
 */
@Injectable()
export class PositionCheck implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  /** Something happened during a check, which may have been too early to see it. */
  private again = false;
  /** Redis was away, and no check has ended since. */
  private reconnected = false;
  private stopWatching: (() => void) | undefined;
  private gateways: ReadonlySet<string> = new Set();
  private rounds = 0;
  /** Heads seen at the last check: a room still below one has waited a whole interval. */
  private lastHeads = new Map<number, number>();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(RoomDirectory) private readonly rooms: RoomDirectory,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(RpcClient) private readonly rpc: RpcClient,
    @Inject(RedisConnections) private readonly redis: RedisConnections,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => this.run(), this.config.positionCheckMs);
    this.redis.main.on('ready', () => {
      this.reconnected = true;
      this.runAfter();
    });
    this.stopWatching = await this.registry.watch('connect-gateway', (gateways) => this.onGateways(gateways));
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.stopWatching?.();
    this.again = false;
    // A check that waits for a silent Redis ends with its connection.
    if (this.running) await within(this.running, STOP_WITHIN_MS);
  }

  /** A gateway's end is not waited out: its lease has taken most of the time in which counts are to be right again. */
  private onGateways(gateways: readonly Instance[]): void {
    const present = new Set(gateways.map(({ instanceId }) => instanceId));
    const someLeft = [...this.gateways].some((id) => !present.has(id));
    this.gateways = present;
    if (someLeft) this.runAfter();
  }

  /** Starts a check that sees what has just happened. */
  private runAfter(): void {
    if (this.running) this.again = true;
    else this.run();
  }

  private run(): void {
    // A check that finds Redis away fails; the reconnect starts the next.
    this.running ??= this.check()
      .catch(() => undefined)
      .finally(() => {
        this.running = undefined;
        if (!this.again) return;
        this.again = false;
        this.run();
      });
  }

  private async check(): Promise<void> {
    const { reconnected } = this;
    this.reconnected = false;
    try {
      const sharesUsers = ++this.rounds % SHARE_USERS_EVERY === 0;
      if (reconnected || sharesUsers) await this.connections.shareAll();
      else await this.connections.shareUnsaid();
      if (sharesUsers) await this.dropDeadOfUsers();
      const heads = new Map<number, number>();
      let repaired = 0;
      const all = [...this.rooms.all()];
      for (let i = 0; i < all.length; i += CHUNK)
        repaired += await this.checkRooms(all.slice(i, i + CHUNK), heads, reconnected);
      this.lastHeads = heads;
      // What has lost members of rooms may have lost the users, too.
      if (repaired > 0 && !reconnected && !sharesUsers) await this.connections.shareAll();
    } catch (error) {
      // The next one owes what this one could not do.
      this.reconnected ||= reconnected;
      throw error;
    }
  }

  /** @returns Rooms of which Redis said something else than this gateway. */
  private async checkRooms(
    chunk: readonly (readonly [number, DirectoryEntry])[],
    heads: Map<number, number>,
    reconnected: boolean,
  ): Promise<number> {
    const marks = chunk.map(([, { presence }]) => presence.mark);
    const delivered = chunk.map(([, { room }]) => room?.position);
    const surveys = await this.presence.survey(
      chunk.map(([roomId]) => roomId),
      this.config.instanceId,
    );
    await this.dropDead(chunk.map(([roomId], j) => ({ roomId, instances: surveys[j]?.instances ?? [] })));
    let repaired = 0;
    const checkRoom = async ([roomId, entry]: readonly [number, DirectoryEntry], j: number) => {
      const survey = surveys[j];
      if (!survey) return;
      if (entry.kind === 'room' && this.isWrong(entry, marks[j], survey.here)) {
        repaired++;
        await this.repairPresence(roomId, entry);
      }
      const seen = delivered[j];
      if (!survey.position) await this.restoreHead(roomId, entry);
      else if (seen?.epoch === survey.position.epoch && seen.seq > survey.position.seq)
        await this.restorePosition(roomId, entry, seen);
      else {
        heads.set(roomId, survey.position.seq);
        await this.catchUpRoom(roomId, entry, survey.position, reconnected);
      }
      this.forgetIdle(roomId, entry);
      // What could not be reported when the last one left has been made up for.
      if (entry.kind === 'room') this.rooms.drop(roomId);
    };
    for (let i = 0; i < chunk.length; i += ROOMS_AT_ONCE)
      await Promise.all(chunk.slice(i, i + ROOMS_AT_ONCE).map((room, j) => checkRoom(room, i + j)));
    return repaired;
  }

  /**
   * Whether Redis lists others than are here. What it listed while a report was under way says nothing: such a room is
   * looked at again next time. Each report is checked by its own answer, so this is for what never settles and never ends.
   *
   * @param mark - Of the presence, from before Redis was asked.
   */
  private isWrong(entry: DirectoryEntry, mark: number | undefined, here: number): boolean {
    const { presence } = entry;
    const settled = mark !== undefined && mark === presence.mark;
    entry.unsettledChecks = settled ? 0 : entry.unsettledChecks + 1;
    if (settled) return !presence.agrees(here);
    if (entry.unsettledChecks < MAX_UNSETTLED_CHECKS) return false;
    entry.unsettledChecks = 0;
    return here !== presence.users;
  }

  private async catchUpRoom(
    roomId: number,
    entry: DirectoryEntry,
    head: { seq: number; epoch: string },
    now: boolean,
  ): Promise<void> {
    const { room } = entry;
    if (!room) return;
    const { seq, epoch } = room.position;
    const overdue = now ? head.seq : (this.lastHeads.get(roomId) ?? 0);
    // What is younger than one interval is on its way.
    if (epoch !== head.epoch || seq < overdue) await room.pullTo(head).catch(() => undefined);
  }

  private async repairPresence(roomId: number, entry: DirectoryEntry): Promise<void> {
    await entry.presence.repair();
    this.rooms.changed(roomId);
    this.rooms.drop(roomId);
  }

  /** Redis has lost the room's position: `logic` makes a new one, under a new epoch. */
  private async restoreHead(roomId: number, entry: DirectoryEntry): Promise<void> {
    for (const connection of entry.room?.members.keys() ?? []) {
      if (!connection.identity) continue;
      await this.rpc
        .call(logicRpc.admit, { userId: connection.identity.userId, roomId }, { key: roomId })
        .catch(() => undefined);
      return;
    }
  }

  /** Redis has less than was delivered here, and did not notice: `logic` looks again, and ends the epoch. */
  private async restorePosition(
    roomId: number,
    { room }: DirectoryEntry,
    seen: { readonly seq: number; readonly epoch: string },
  ): Promise<void> {
    await this.rpc
      .call(logicRpc.restorePosition, { roomId, seen }, { key: roomId })
      .then((position) => room?.pullTo(position))
      // The next check asks again.
      .catch(() => undefined);
  }

  private async dropDead(rooms: readonly { roomId: number; instances: readonly string[] }[]): Promise<void> {
    const others = new Set(rooms.flatMap(({ instances }) => instances));
    others.delete(this.config.instanceId);
    const live = await liveAmong(this.registry, 'connect-gateway', others);
    for (const { roomId, instances } of rooms) {
      for (const dead of instances.filter((id) => others.has(id) && !live.has(id))) {
        await this.presence.dropInstance(roomId, dead);
        this.rooms.changed(roomId);
      }
    }
  }

  /** A killed gateway leaves its name with each of its users; those who are here now would collect them for ever. */
  private async dropDeadOfUsers(): Promise<void> {
    const users = this.connections.users();
    for (let i = 0; i < users.length; i += CHUNK) {
      const chunk = users.slice(i, i + CHUNK);
      const instances = await this.presence.instancesOfUsers(chunk);
      const live = await liveAmong(this.registry, 'connect-gateway', new Set(instances.flat()));
      for (const [j, userId] of chunk.entries()) {
        const dead = (instances[j] ?? []).filter((id) => id !== this.config.instanceId && !live.has(id));
        for (const instanceId of dead) await this.presence.dropUserInstance(userId, instanceId);
      }
    }
  }

  private forgetIdle(roomId: number, { kind, room }: DirectoryEntry): void {
    if (kind === 'direct' && room && performance.now() - room.usedAt >= DIRECT_IDLE_MS)
      this.rooms.forget(roomId);
  }
}
