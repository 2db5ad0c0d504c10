import { Inject, Injectable } from '@nestjs/common';
import {
  AppError,
  bannedUntil,
  factNames,
  guestsOutSince,
  limits,
  roleOf,
  settingsOf,
  type Decided,
  type GuestPolicy,
  type GuestSession,
  type RoomFacts,
  type WaitingList,
  type WaitingState,
} from '@parley/protocol';
import { RevocationList, RoomStore, WaitingStore } from '@parley/redis';
import { nameLook } from '@parley/contracts/name-key';
import { TokenService } from '../accounts/token.service.js';
import { ActsService } from '../acts/acts.service.js';
import { RoomRecordsService } from '../acts/room-records.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import type { DoorActor } from './door-log.js';
import type { DoorCaller } from './door-caller.js';
import { LobbyHints } from './lobby-hints.js';
import { makeSpeaker } from './make-speaker.js';
import { isWaiting, WaitingRepository, type Decision, type Waiting } from './waiting.repository.js';

/** What a room says of those who wait. */
interface Terms {
  readonly policy: GuestPolicy;
  /** Guests who were let in before have been put out, milliseconds since 1970; 0 for none. */
  readonly outSince: number;
  readonly facts: RoomFacts;
  readonly nowMs: number;
}

/** People who wait to be let into a room, and hosts who let them in. */
@Injectable()
export class LobbyService {
  constructor(
    @Inject(WaitingRepository)
    private readonly people: Pick<WaitingRepository, 'find' | 'putOut' | 'leave' | 'decide'>,
    @Inject(WaitingStore) private readonly heard: Pick<WaitingStore, 'heardOf' | 'forget'>,
    @Inject(LobbyHints) private readonly hints: LobbyHints,
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'someFacts' | 'nowMs' | 'facts'>,
    @Inject(RoomHeadsService) private readonly heads: Pick<RoomHeadsService, 'ensure'>,
    @Inject(RoomRecordsService) private readonly records: Pick<RoomRecordsService, 'forHost'>,
    @Inject(TokenService) private readonly tokens: Pick<TokenService, 'issue'>,
    @Inject(RevocationList) private readonly revocations: Pick<RevocationList, 'revoke'>,
    @Inject(ActsService) private readonly acts: Pick<ActsService, 'act'>,
  ) {}

  /** What becomes of who comes new. */
  async policy(roomId: number): Promise<GuestPolicy> {
    // It brings the facts to Redis, if the room had left it.
    await this.heads.ensure(roomId);
    const [facts] = await this.store.someFacts([{ roomId, names: [factNames.guests] }]);
    return settingsOf(new Map(facts?.[0] === undefined ? [] : [[factNames.guests, facts[0]]])).guestPolicy;
  }

  /** Somebody has come to wait. */
  async came(roomId: number, userId: number): Promise<void> {
    await this.heard.heardOf(roomId, [userId]).catch(() => undefined);
    this.hints.changed(roomId, false);
  }

  /**
   * Takes those off who are not heard of: for good whose place is gone, who has the name that somebody wants now, and all of them
   * when the lobby is full.
   */
  async sweep(
    roomId: number,
    { name, isFull = false }: { readonly name?: string; readonly isFull?: boolean },
  ): Promise<void> {
    const { silent, gone } = await this.hints.waiting(roomId);
    const look = name === undefined ? undefined : nameLook(name);
    const leaving = isFull
      ? silent
      : [...gone, ...silent.filter(({ userName }) => nameLook(userName) === look)];
    await this.end(
      roomId,
      leaving.map(({ userId }) => userId),
    );
  }

  /** Who waits, for hosts. @throws {AppError} `FORBIDDEN` for who is none. */
  async list(
    userId: number,
    roomId: number,
    page: { readonly after?: number | undefined; readonly limit: number },
  ): Promise<WaitingList> {
    await this.records.forHost(userId, roomId);
    const { here, gone } = await this.hints.waiting(roomId);
    if (gone.length > 0)
      void this.end(
        roomId,
        gone.map((person) => person.userId),
      ).catch(() => undefined);
    const start = page.after === undefined ? 0 : here.findIndex((person) => person.userId === page.after) + 1;
    const people = here.slice(start, start + page.limit);
    return {
      total: here.length,
      people: people.map(({ userId: id, userName, since, invite, guest }) => ({
        ...{ userId: id, userName, isGuest: guest !== undefined, since },
        ...(invite && {
          ...{ inviteId: invite.inviteId, invitedBy: invite.createdByName, invitedAt: invite.createdAt },
        }),
      })),
      more: start + people.length < here.length,
    };
  }

  /**
   * Lets people in, or does not: those named, or all who wait at this moment. Who does not wait any more is left as he is, so that
   * it may be said again.
   *
   * @throws {AppError} `FORBIDDEN` for who is no host.
   */
  async decide(
    { userId, userName, roomId }: DoorCaller,
    { admit, userIds }: { readonly admit: boolean; readonly userIds?: readonly number[] | undefined },
  ): Promise<Decided> {
    const facts = await this.records.forHost(userId, roomId);
    const by: DoorActor = { userId, userName, role: roleOf(facts, userId) };
    const whom = userIds ?? (await this.hints.waiting(roomId)).here.map((person) => person.userId);
    const { decided } = await this.decideNow(roomId, whom, { admit, by });
    const { here } = await this.hints.waiting(roomId);
    return { decided: decided.length, waiting: here.length };
  }

  /** How it stands with people, who were heard of by this; null for who does not wait. */
  async ask(roomId: number, userIds: readonly number[]): Promise<(WaitingState | null)[]> {
    const terms = await this.terms(roomId, userIds);
    let people = await this.people.find(roomId, userIds);
    const out = people.filter((person) => isPutOut(person, terms) && person.state !== 'waiting');
    if (out.length > 0) {
      await this.people.putOut(roomId, ids(out), Math.floor(terms.nowMs));
      people = await this.people.find(roomId, userIds);
    }
    const due = people.filter((person) => this.comesIn(person, terms)).map(({ userId }) => userId);
    if (due.length > 0) {
      await this.decideNow(roomId, due, { admit: true });
      people = await this.people.find(roomId, userIds);
    }
    const banned = people.filter(
      (person) => this.isBanned(person, terms) && isWaiting(person, terms.outSince),
    );
    if (banned.length > 0) {
      await this.decideNow(roomId, ids(banned), { admit: false });
      people = await this.people.find(roomId, userIds);
    }
    // Their invitation has ended.
    const over = people.filter((person) => person.state === 'waiting' && isOver(person));
    await this.people.leave(roomId, ids(over));
    const waiting = people.filter((person) => isWaiting(person, terms.outSince));
    if (waiting.length > 0) {
      await this.heard.heardOf(roomId, ids(waiting));
      if (out.length > 0) this.hints.changed(roomId, false);
      else this.hints.still(roomId);
    }
    const byId = new Map(people.map((person) => [person.userId, person]));
    return Promise.all(userIds.map(async (id) => this.stateOf(roomId, byId.get(id), terms)));
  }

  /** Somebody goes. Who does not wait is left as he is. */
  async leave(roomId: number, userId: number): Promise<void> {
    await this.end(roomId, [userId]);
  }

  private async end(roomId: number, userIds: readonly number[]): Promise<void> {
    if (userIds.length === 0) return;
    await this.people.leave(roomId, userIds);
    await this.heard.forget(roomId, userIds).catch(() => undefined);
    this.hints.changed(roomId, true);
  }

  private async decideNow(
    roomId: number,
    userIds: readonly number[],
    { admit, by }: { readonly admit: boolean; readonly by?: DoorActor },
  ): Promise<Decision> {
    // Behind every panic that is known here.
    const at = Math.ceil(await this.store.nowMs());
    const decision = await this.people.decide(roomId, userIds, { admit, by, at });
    const { decided, over } = decision;
    await this.heard.forget(roomId, ids([...decided, ...over])).catch(() => undefined);
    for (const { guest } of admit ? [] : decided)
      // He has a session that is good for the room; it is not only to wait.
      if (guest?.admittedAt !== undefined) await this.revocations.revoke(guest.sessionId, guest.expiresAt);
    for (const { userId, invite } of admit ? decided : [])
      if (invite?.role === 'speaker') await this.makeSpeaker(roomId, userId, invite);
    if (decided.length + over.length > 0) this.hints.changed(roomId, true);
    return decision;
  }

  private makeSpeaker(roomId: number, userId: number, invite: NonNullable<Waiting['invite']>): Promise<void> {
    const by = { userId: invite.createdBy, userName: invite.createdByName };
    return makeSpeaker({ store: this.store, acts: this.acts }, roomId, userId, by);
  }

  private async terms(roomId: number, userIds: readonly number[]): Promise<Terms> {
    await this.heads.ensure(roomId);
    const names = [factNames.guests, factNames.prior, ...userIds.map((userId) => factNames.banned(userId))];
    const [values = []] = await this.store.someFacts([{ roomId, names }]);
    const facts = new Map(
      names.flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]] as const])),
    );
    return {
      policy: settingsOf(facts).guestPolicy,
      outSince: guestsOutSince(facts),
      facts,
      nowMs: await this.store.nowMs(),
    };
  }

  /** The room lets everybody in by now. */
  private comesIn(person: Waiting, terms: Terms): boolean {
    if (terms.policy !== 'ALWAYS_ACCEPT' || this.isBanned(person, terms)) return false;
    return isWaiting(person, terms.outSince);
  }

  private isBanned({ userId }: Waiting, { facts, nowMs }: Terms): boolean {
    return bannedUntil(facts, userId) > nowMs;
  }

  private async stateOf(
    roomId: number,
    person: Waiting | undefined,
    terms: Terms,
  ): Promise<WaitingState | null> {
    if (!person) return null;
    const { state, since, guest } = person;
    if (state === 'denied') return { roomId, state: 'denied' };
    if (guest && guest.expiresAt <= Date.now()) return { roomId, state: 'over' };
    if (isWaiting(person, terms.outSince)) return { roomId, state: 'waiting', since };
    const isIn = guest ? guest.admittedAt !== undefined : state === 'admitted';
    if (!isIn) return { roomId, state: 'over' };
    return {
      roomId,
      state: 'admitted',
      ...(guest && { session: await this.session(roomId, person, guest) }),
    };
  }

  /** The session of a guest who was let in: the one that he has had all the time, with a token that is good for the room. */
  private async session(
    roomId: number,
    { userId, userName }: Waiting,
    guest: NonNullable<Waiting['guest']>,
  ): Promise<GuestSession> {
    const user = { userId, userName, role: 'guest' as const };
    const maxMs = Math.min(limits.guestSessionMs, guest.expiresAt - Date.now());
    const { token, expiresAt } = await this.tokens.issue(user, { sessionId: guest.sessionId, roomId, maxMs });
    return { token, expiresAt, user, roomId };
  }
}

/** A guest who was in, and has to wait again. */
const isPutOut = ({ state, guest }: Waiting, { outSince }: Terms): boolean =>
  state !== 'denied' && guest?.admittedAt !== undefined && guest.admittedAt < outSince;

const isOver = ({ invite, guest }: Waiting): boolean =>
  guest?.admittedAt === undefined && invite !== undefined && !invite.isOpen;

const ids = (people: readonly Waiting[]): number[] => people.map(({ userId }) => userId);

/** @throws {AppError} `NO_NEWCOMERS`. */
export function refuseNewcomers(policy: GuestPolicy, roomId: number): void {
  if (policy === 'ALWAYS_DENY') throw new AppError('NO_NEWCOMERS', { context: { roomId } });
}
