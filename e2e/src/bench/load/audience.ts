import type { Came, Come, Target } from './commands.js';
import { RawSocket } from './raw-socket.js';
import { sessionToken } from '../../session-token.js';
import type { Seen, Wire } from './wire.js';

/** Pause before a join that was refused for now is asked for again, milliseconds. */
const AGAIN_AFTER_MS = 500;
/** Ids of the users made up here: above those of the demo accounts. */
const FIRST_USER = 1_000;

/** What the audience tells of what arrives. */
export interface AudienceListener {
  delivered(member: Member, index: number, seq: number): void;
  answered(index: number, code: string | undefined): void;
  resync(): void;
}

/** One connection in one room. */
export interface Member {
  readonly roomId: number;
  readonly socket: RawSocket;
  /** The number, or the send, that came last. */
  last: number;
}

/** The members of all rooms, and what reaches them. */
export class Audience {
  readonly members: Member[] = [];
  listener: AudienceListener | undefined;
  private readonly seen: Seen = { kind: 'other', index: -1, seq: 0, code: '' };
  private users = 0;

  constructor(private readonly wireOf: (target: Target) => Wire) {}

  async come({ target, rooms, members, atOnce }: Come): Promise<Came> {
    const refused: Record<string, number> = {};
    const startedAt = performance.now();
    const before = this.members.length;
    let next = 0;
    const oneByOne = async () => {
      while (next < members) {
        const i = next++;
        const why = await this.one(target, rooms[i % rooms.length] as number, i);
        if (why !== undefined) refused[why] = (refused[why] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, oneByOne));
    return {
      joined: this.members.length - before,
      refused,
      seconds: (performance.now() - startedAt) / 1_000,
    };
  }

  go(): void {
    for (const { socket } of this.members.splice(0)) socket.destroy();
  }

  /** Resolves when joined, with nothing, or with why not. */
  private one(target: Target, roomId: number, i: number): Promise<string | undefined> {
    const wire = this.wireOf(target);
    const url = new URL(target.sockets[i % target.sockets.length] as string);
    const token = sessionToken(FIRST_USER + this.users++, target.secret ?? '', target.database ?? '');
    return new Promise((resolve) => {
      const join = () => socket.send(wire.join(token, roomId));
      const onOpen = () => (wire.hello === undefined ? join() : socket.send(wire.hello));
      const onText = (bytes: Buffer, start: number, end: number) => {
        const { seen } = this;
        wire.read(bytes, start, end, seen);
        switch (seen.kind) {
          case 'message':
            return this.listener?.delivered(member, seen.index, seen.seq);
          case 'ack':
            return this.listener?.answered(seen.index, undefined);
          case 'welcome':
            return join();
          case 'ping':
            return socket.send(wire.pong);
          case 'resync':
            return this.listener?.resync();
          case 'joined':
            this.members.push(member);
            return resolve(undefined);
          case 'refused':
            if (seen.index >= 0) return this.listener?.answered(seen.index, seen.code);
            // It comes from this machine with thousands of others: what is refused for now is asked for again.
            setTimeout(join, AGAIN_AFTER_MS);
            return;
          case 'other':
            return;
        }
      };
      const socket = new RawSocket(url, wire.path, onOpen, onText, resolve);
      const member: Member = { roomId, socket, last: 0 };
    });
  }
}
