import { ParleyApi, rotating, webSocketTransport } from '@parley/client';
import { tcpTransport } from '@parley/client/node';
import type { Session } from '@parley/protocol';
import { eventually, HistoryChecker } from '@parley/testing';
import WebSocket from 'ws';
import { Hosts } from './hosts.js';
import { PageVisitor } from './page-visitor.js';
import { Person } from './person.js';
import { readArchive } from './read-archive.js';
import type { RoomPlace } from './redis-site.js';
import { newTally, type Tally } from './tally.js';

/** Where one gateway listens. */
export interface GatewayAddress {
  readonly wsPort: number;
  readonly tcpPort: number;
}

export interface CrowdOptions {
  readonly clients: number;
  /** The users; clients share them in turn. The first one owns the rooms, and makes the second one moderator of each. */
  readonly sessions: readonly Session[];
  readonly roomIds: readonly number[];
  readonly gateways: readonly GatewayAddress[];
  readonly apiUrls: readonly string[];
  readonly webUrls: readonly string[];
  /** Each client sends about this often, milliseconds. */
  readonly sendIntervalMs: number;
  readonly random: () => number;
}

/** One send in so many goes over HTTP. */
const POST_EVERY = 5;
/** Guests that come in at once: a queue at the door, not the storm that a fault is there to make. */
const GUESTS_AT_ONCE = 50;
const PRESENCE_TIMEOUT_MS = 30_000;
/** Of the users: an owner and a moderator; they, and one more, are left alone. */
const [HOSTS, SPARED] = [2, 3];
/** What was on its way has come when nothing has come for so long, milliseconds. */
const QUIET_MS = 500;

/**
 * Many clients in several rooms, over both transports and all gateways, that talk all the time, over sockets and HTTP.
 * Everything they send and see goes to a {@link HistoryChecker}.
 */
export class Crowd {
  readonly checker = new HistoryChecker({ allSendsRecorded: true });
  private tally = newTally();
  /** What the tallies taken so far had. */
  private readonly earlier = { acked: 0, received: 0 };
  private readonly residents: Person[] = [];
  private readonly hostPeople: Person[] = [];
  private readonly hosts: Hosts;
  private guests: Person[] = [];
  private people = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly pending = new Set<Promise<unknown>>();
  private readonly visitor: PageVisitor;

  constructor(private readonly options: CrowdOptions) {
    const { webUrls, sessions, roomIds, random } = options;
    this.visitor = new PageVisitor(webUrls, () => this.tally.failedPages++);
    this.hosts = new Hosts(this.hostPeople, {
      ...{ roomIds, random, watchers: this.hostPeople },
      victims: sessions.slice(SPARED).map(({ user }) => user.userId),
    });
  }

  get roomIds(): readonly number[] {
    return this.options.roomIds;
  }

  /** Somebody's API, at another of its addresses for every call. */
  get anyApi(): () => ParleyApi {
    return this.apiOf(this.options.sessions[0]?.token ?? '');
  }

  /** Connects everybody; resolves when all are in their rooms: each in two. */
  async join(): Promise<void> {
    const { clients, roomIds, gateways, random } = this.options;
    for (let i = 0; i < clients; i++) {
      const own = [roomIds[i % roomIds.length], roomIds[(i + 1) % roomIds.length]] as number[];
      this.residents.push(this.person('c', [...new Set(own)], rotating(gateways, random)));
    }
    for (let i = 0; i < HOSTS; i++)
      this.hostPeople.push(this.person('h', roomIds, rotating(gateways, random), i));
    await Promise.all(this.everybody().map((person) => person.enter()));
    const [owner, moderator] = this.hostPeople as [Person, Person];
    for (const roomId of roomIds)
      await owner.act(roomId, { act: 'role', userId: moderator.user.userId, role: 'moderator' });
  }

  /** Owners and moderators act all the time. */
  startHosting(): void {
    this.hosts.start();
  }

  /** The hosts stop, and let everybody speak; resolves when all are in their rooms again. */
  async makePeace(timeoutMs: number): Promise<void> {
    await this.hosts.stop();
    await this.hosts.makePeace();
    await eventually(
      () => {
        const outside = this.everybody().filter(({ isInside }) => !isInside);
        const why = outside.map(({ whyOutside }) => whyOutside).join('; ');
        if (outside.length > 0)
          throw new Error(`${outside.length} clients are not in their rooms again: ${why}`);
      },
      { timeoutMs, intervalMs: 20 },
    );
  }

  startTalking(): void {
    const { random, sendIntervalMs } = this.options;
    const any = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
    let turn = 0;
    this.timer = setInterval(() => {
      const person = any(this.residents);
      const roomId = any(person?.roomIds ?? []);
      if (person === undefined || roomId === undefined || !person.isInside) return;
      void this.track(++turn % POST_EVERY === 0 ? person.post(roomId) : person.say(roomId));
    }, sendIntervalMs / this.residents.length);
    this.visitor.start();
  }

  /** Resolves when nobody has been shown anything for a while. For times in which nothing is accepted. */
  async hasBeenShownAll(): Promise<void> {
    await eventually(
      () => {
        const last = Math.max(...this.everybody().map(({ lastReceiptAt }) => lastReceiptAt));
        if (performance.now() - last < QUIET_MS) throw new Error('messages are still on their way');
      },
      { timeoutMs: PRESENCE_TIMEOUT_MS },
    );
  }

  /** Says nothing new. What was said goes on being sent. */
  holdItsTongue(): void {
    clearInterval(this.timer);
  }

  /** Stops talking, and waits for every send's outcome. */
  async fallSilent(): Promise<void> {
    this.holdItsTongue();
    await Promise.all(this.pending);
  }

  /** The tally so far; a new one begins. */
  takeTally(): Tally {
    const now = performance.now();
    const { tally } = this;
    for (const person of this.everybody()) {
      person.noteGap(now);
      person.lastReceiptAt = now;
    }
    this.earlier.acked += tally.acked;
    this.earlier.received += tally.received;
    this.tally = newTally();
    return tally;
  }

  /** Sends without an answer yet. */
  get unanswered(): number {
    return this.pending.size;
  }

  /** Counters from the beginning up to now. */
  soFar(): { acked: number; received: number } {
    const { earlier, tally } = this;
    return { acked: earlier.acked + tally.acked, received: earlier.received + tally.received };
  }

  /**
   * Says something in every room, and waits until every member there has it: the system works for everybody.
   *
   * @returns By room: the seq of what was said, and the line that it is in.
   * @throws {Error} when it does not within the time.
   */
  async probe(timeoutMs: number): Promise<Map<number, RoomPlace>> {
    const places = await Promise.all(
      this.options.roomIds.map(async (roomId) => [roomId, await this.probeRoom(roomId, timeoutMs)] as const),
    );
    return new Map(places);
  }

  /**
   * Waits until every room's count and list of who is online are exact.
   *
   * @returns How long it took, milliseconds.
   * @throws {Error} when they never are.
   */
  async presenceExact(): Promise<number> {
    const startedAt = Date.now();
    const api = this.anyApi;
    await Promise.all(
      this.options.roomIds.map((roomId) =>
        eventually(
          async () => {
            const { count, members } = await api().members(roomId);
            const expected = new Set(
              this.everybody()
                .filter(({ roomIds }) => roomIds.includes(roomId))
                .map(({ user }) => user.userId),
            );
            const listed = new Set(members.map(({ userId }) => userId));
            if (
              count !== expected.size ||
              listed.size !== count ||
              [...listed].some((id) => !expected.has(id))
            )
              throw new Error(`room ${roomId} counts ${count} and lists ${listed.size} of ${expected.size}`);
          },
          { timeoutMs: PRESENCE_TIMEOUT_MS, intervalMs: 100 },
        ),
      ),
    );
    return Date.now() - startedAt;
  }

  /**
   * Lets guests in, who listen in one room each. Meanwhile nobody is banned: a storm must not wait at a door.
   *
   * @param to - The gateway that all of them connect to first. @defaultValue any
   */
  async bringGuests(count: number, to?: GatewayAddress): Promise<void> {
    const { roomIds, gateways, random } = this.options;
    const others = gateways.filter(({ wsPort }) => wsPort !== to?.wsPort);
    for (let i = 0; i < count; i++) {
      const gateway = to ? rotating([to, ...others], () => 0) : rotating(gateways, random);
      this.guests.push(this.person('g', [roomIds[i % roomIds.length] as number], gateway));
    }
    await this.hosts.stop();
    await this.hosts.makePeace();
    for (let i = 0; i < this.guests.length; i += GUESTS_AT_ONCE)
      await Promise.all(this.guests.slice(i, i + GUESTS_AT_ONCE).map((guest) => guest.enter()));
    this.hosts.start();
  }

  async sendGuestsAway(): Promise<void> {
    await Promise.all(this.guests.map((guest) => guest.leave()));
    this.guests = [];
  }

  /**
   * Hosts leave each room in a state of its own; once everybody has been told, the checker is told how it stands for whom: in
   * everybody's client, and on the server. For when all is quiet.
   */
  async compareStates(timeoutMs: number): Promise<void> {
    const last = await this.hosts.leaveTraces();
    for (const [roomId, seq] of last) await this.allHave(roomId, seq, timeoutMs);
    for (const person of this.everybody()) await person.tellStates();
  }

  /** Reads a room from its first message on, as one more client. */
  async readArchive(roomId: number): Promise<void> {
    const hosts = this.hostPeople.map(({ user }) => user.userId);
    await readArchive(this.anyApi, this.checker, roomId, hosts[0] ?? 0, hosts);
  }

  async leave(): Promise<void> {
    clearInterval(this.timer);
    await this.hosts.stop();
    await this.visitor.stop();
    await Promise.all(this.everybody().map(({ client }) => client.close()));
  }

  private apiOf(token: string): () => ParleyApi {
    const apis = this.options.apiUrls.map(
      (baseUrl) => new ParleyApi({ baseUrl, getToken: () => token, timeoutMs: 5_000 }),
    );
    return rotating(apis, this.options.random);
  }

  private everybody(): Person[] {
    return [...this.hostPeople, ...this.residents, ...this.guests];
  }

  private async probeRoom(roomId: number, timeoutMs: number): Promise<RoomPlace> {
    const members = this.everybody().filter(({ roomIds }) => roomIds.includes(roomId));
    const [speaker] = members;
    if (!speaker) throw new Error(`room ${roomId} is empty`);
    const result = await this.track(speaker.say(roomId));
    if (result.status !== 'acked') throw new Error(`a probe was not accepted: ${JSON.stringify(result)}`);
    const { seq, epoch } = result.ack;
    await this.allHave(roomId, seq, timeoutMs);
    return { seq, epoch };
  }

  private async allHave(roomId: number, seq: number, timeoutMs: number): Promise<void> {
    const members = this.everybody().filter(({ roomIds }) => roomIds.includes(roomId));
    await eventually(
      () => {
        const behind = members.filter((person) => person.seq(roomId) < seq);
        if (behind.length === 0) return;
        const first = behind.slice(0, 3).map((person) => person.whereIn(roomId));
        throw new Error(
          `${behind.length} clients have not got ${seq} in room ${roomId}: ${first.join('; ')}`,
        );
      },
      { timeoutMs, intervalMs: 20 },
    );
  }

  private track<T>(outcome: Promise<T>): Promise<T> {
    this.pending.add(outcome);
    void outcome.finally(() => this.pending.delete(outcome));
    return outcome;
  }

  /** Every other one connects over TCP. */
  private person(
    kind: 'c' | 'g' | 'h',
    roomIds: readonly number[],
    gateway: () => GatewayAddress,
    index = this.people++,
  ): Person {
    const { sessions, random } = this.options;
    const { user, token } = sessions[index % sessions.length] as Session;
    return new Person({
      clientId: `${kind}${index}`,
      user,
      token,
      roomIds,
      hosts: sessions.slice(0, HOSTS).map((session) => session.user.userId),
      transport:
        index % 2 === 0
          ? webSocketTransport(() => `ws://127.0.0.1:${gateway().wsPort}/ws`, {
              WebSocket: WebSocket as never,
            })
          : tcpTransport(() => ({ host: '127.0.0.1', port: gateway().tcpPort })),
      api: this.apiOf(token),
      checker: this.checker,
      tally: () => this.tally,
      random,
    });
  }
}
