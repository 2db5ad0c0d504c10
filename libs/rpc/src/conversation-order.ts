import type { Send } from '@parley/contracts';

/** Conversations whose room is remembered. Judgement: those in use at one edge within an hour, at some 100 bytes each. */
const MAX_KNOWN = 10_000;

interface Held {
  readonly send: Send;
  readonly start: () => void;
}

interface Sender {
  /** Sends under way to rooms named by their id, and to conversations named by their users. */
  toRooms: number;
  toUsers: number;
  /** Sends that wait for those, in order. */
  readonly held: Held[];
}

/**
 * A conversation may be named by its two users or by its room's id, and which room that is an edge learns from the first
 * ack. Until then a sender's messages to users and those to rooms wait for one another: they may be to one conversation,
 * and have to keep their order. From then on both names give one key.
 */
export class ConversationOrder {
  /** Room ids by both users, the least recently used first. */
  private readonly known = new Map<string, number>();
  private readonly senders = new Map<number, Sender>();

  /** Senders with a send under way or held: of nobody else anything is kept but the rooms of conversations. */
  get busySenders(): number {
    return this.senders.size;
  }

  /**
   * Runs a send when it may not overtake another one any more.
   *
   * @param go - Sends it, under the key of its room, or of its users while the room is not known.
   */
  run<A extends { readonly roomId?: number }>(send: Send, go: (key: string) => Promise<A>): Promise<A> {
    const { userId } = send.from;
    let sender = this.senders.get(userId);
    if (!sender) this.senders.set(userId, (sender = { toRooms: 0, toUsers: 0, held: [] }));
    const { held } = sender;
    if (held.length === 0 && this.mayGo(sender, send)) return this.go(sender, send, go);
    const waiting = sender;
    return new Promise<A>((resolve, reject) => {
      held.push({ send, start: () => void this.go(waiting, send, go).then(resolve, reject) });
    });
  }

  private mayGo(sender: Sender, send: Send): boolean {
    return this.roomOf(send) === undefined ? sender.toRooms === 0 : sender.toUsers === 0;
  }

  private async go<A extends { readonly roomId?: number }>(
    sender: Sender,
    send: Send,
    go: (key: string) => Promise<A>,
  ): Promise<A> {
    const roomId = this.roomOf(send);
    const kind = roomId === undefined ? 'toUsers' : 'toRooms';
    sender[kind]++;
    try {
      const ack = await go(roomId === undefined ? usersKey(send) : String(roomId));
      if (send.roomId === undefined && ack.roomId !== undefined) this.remember(usersKey(send), ack.roomId);
      return ack;
    } finally {
      sender[kind]--;
      this.goOn(sender, send.from.userId);
    }
  }

  private goOn(sender: Sender, userId: number): void {
    for (let next = sender.held[0]; next && this.mayGo(sender, next.send); next = sender.held[0]) {
      sender.held.shift();
      next.start();
    }
    if (sender.toRooms + sender.toUsers + sender.held.length === 0) this.senders.delete(userId);
  }

  private roomOf(send: Send): number | undefined {
    return send.roomId ?? this.known.get(usersKey(send));
  }

  private remember(users: string, roomId: number): void {
    this.known.delete(users);
    if (this.known.size >= MAX_KNOWN) this.known.delete(this.known.keys().next().value as string);
    this.known.set(users, roomId);
  }
}

/** A conversation by its two users, the same in both directions. */
function usersKey({ from, toUserId = 0 }: Send): string {
  return `direct:${Math.min(from.userId, toUserId)}:${Math.max(from.userId, toUserId)}`;
}
