import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  directoryEventSchema,
  readEventSchema,
  type DirectoryEvent,
  type ReadEvent,
} from '@parley/contracts';
import { Op } from '@parley/protocol';
import { DirectoryStore, EventBus } from '@parley/redis';
import { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';
import { encodedFrame } from '../connections/encoded-message.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { Turn } from '../rooms/turn.js';

/** Tells connections that have asked for it what changes in the list of rooms, and what their user reads elsewhere. */
@Injectable()
export class ListWatchers implements OnModuleInit {
  private version = 0;
  /** Those that were not told of a change because their socket was full. */
  private readonly behind = new Set<Connection>();
  /** One frame after the other. */
  private telling: Promise<void> = Promise.resolve();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'instanceId' | 'maxOutboundBytes'>,
    @Inject(ConnectionIndex) private readonly connections: ConnectionIndex,
    @Inject(DirectoryStore) private readonly store: Pick<DirectoryStore, 'version'>,
    @Inject(EventBus) private readonly events: EventBus,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.events.subscribe('read', readEventSchema, (event) => this.tellReads(event));
    await this.events.subscribe(
      'directory',
      directoryEventSchema,
      (event) => this.tellRooms(event),
      () => this.catchUp(),
    );
  }

  /** From here on the connection is told; the answer says where it starts. */
  watch(connection: Connection, ref?: string | number): void {
    connection.watchesLists = true;
    connection.send(this.watchFrame(ref));
  }

  /** Names a connection, so that it is not told of what it has said itself. */
  nameOf(connection: Connection): string {
    return `${this.config.instanceId}:${connection.id}`;
  }

  private tellReads({ reads }: ReadEvent): void {
    for (const { userId, by, ...state } of reads)
      for (const connection of this.connections.ofUser(userId)) {
        if (!connection.watchesLists || (by !== undefined && by === this.nameOf(connection))) continue;
        // A full socket does without: the next position says it all.
        if (connection.bufferedBytes <= this.config.maxOutboundBytes)
          connection.send(JSON.stringify({ op: Op.read, ...state }));
      }
  }

  private tellRooms(event: DirectoryEvent): void {
    this.version = event.version;
    this.tellAll(JSON.stringify(event));
  }

  /** Hints may have been lost: whoever watches compares the version with what it was told. */
  private async catchUp(): Promise<void> {
    const { version } = this;
    const now = await this.store.version();
    if (this.version === version) this.version = now;
    this.tellAll(this.watchFrame());
  }

  private tellAll(text: string): void {
    const frame = encodedFrame(text);
    this.telling = this.telling.then(async () => {
      const turn = new Turn();
      for (const connection of [...this.connections.all()]) {
        if (!connection.watchesLists || !connection.isOpen) continue;
        if (connection.bufferedBytes > this.config.maxOutboundBytes) {
          void this.tellLater(connection);
          continue;
        }
        connection.write(connection.encode(frame));
        if (turn.isOver(frame.bytes)) await turn.next();
      }
    });
  }

  /** It has missed something, and is to see that: when its socket has room, it is told the version. */
  private async tellLater(connection: Connection): Promise<void> {
    if (this.behind.has(connection)) return;
    this.behind.add(connection);
    await connection.whenTaken(this.config.maxOutboundBytes);
    this.behind.delete(connection);
    if (connection.isOpen) connection.send(this.watchFrame());
  }

  private watchFrame(ref?: string | number): string {
    return JSON.stringify({ op: Op.watch, version: this.version, ref });
  }
}
