import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { presenceEventSchema } from '@parley/contracts';
import { limits, Op } from '@parley/protocol';
import { EventBus, PresenceStore } from '@parley/redis';
import { RoomDirectory } from './room-directory.js';
import { Throttle } from './throttle.js';

/** Changes of one room are announced at most this often, milliseconds. */
const CHANGE_INTERVAL_MS = 1_000;
/** Announcements asked for by somebody, of one room and kind, milliseconds. */
const FORCED_INTERVAL_MS = 200;
/** Up to this many members a change announces who they are; beyond, only how many. */
const MAX_ANNOUNCED_LIST = 200;
/** Room for the largest frame, with a margin for the numbers around the list. */
const MAX_INFO_CHARS = Math.floor((limits.maxFrameBytes - 512) / 4);

type Kind = 'change' | 'count' | 'info';

/** Tells the members of a room here how many and who they are, when that changes anywhere or somebody asks. */
@Injectable()
export class PresenceAnnouncer implements OnModuleInit {
  private readonly throttles: Record<Kind, Throttle>;
  private readonly hints: Throttle;

  constructor(
    @Inject(RoomDirectory) private readonly rooms: RoomDirectory,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(EventBus) private readonly events: EventBus,
  ) {
    const announce = (kind: Kind) => (roomId: number) =>
      void this.announce(roomId, kind).catch(() => undefined);
    this.throttles = {
      change: new Throttle(CHANGE_INTERVAL_MS, announce('change')),
      count: new Throttle(FORCED_INTERVAL_MS, announce('count')),
      info: new Throttle(FORCED_INTERVAL_MS, announce('info')),
    };
    this.hints = new Throttle(
      CHANGE_INTERVAL_MS,
      (roomId) => void this.events.publish('presence', { roomId }).catch(() => undefined),
    );
  }

  async onModuleInit(): Promise<void> {
    this.rooms.onMembersChanged((roomId) => this.hints.call(roomId));
    await this.events.subscribe('presence', presenceEventSchema, ({ roomId, force }) => {
      if (this.rooms.get(roomId)) this.throttles[force ?? 'change'].call(roomId);
    });
  }

  private async announce(roomId: number, kind: Kind): Promise<void> {
    const room = this.rooms.get(roomId);
    if (!room) return;
    const limit = kind === 'count' ? 0 : kind === 'info' ? limits.maxListedMembers : MAX_ANNOUNCED_LIST + 1;
    const { count, members } = await this.presence.list(roomId, limit);
    if (kind === 'count' || (kind === 'change' && count > MAX_ANNOUNCED_LIST)) {
      return room.announce(JSON.stringify({ op: Op.count, roomId, count }));
    }
    const roomUserInfo: Record<string, string> = {};
    let chars = 0;
    for (const { userId, userName } of members) {
      chars += String(userId).length + userName.length + 8;
      if (chars > MAX_INFO_CHARS) break;
      roomUserInfo[userId] = userName;
    }
    room.announce(JSON.stringify({ op: Op.info, roomId, count, roomUserInfo }));
  }
}
