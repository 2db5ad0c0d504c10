import { ApiError } from '@parley/client';
import { Retries } from '../retries.js';
import { firstRoomId } from '../routing/route.js';
import { ConnectionWatch } from './connection/connection-watch.js';
import { HistoryLoader } from './history/history-loader.js';
import { ThreadFollower } from './history/thread-follower.js';
import { JoinedRooms } from './joining/joined-rooms.js';
import { LiveRooms } from './lists/live-rooms.js';
import { Presence } from './lists/presence.js';
import { SidebarLists } from './lists/sidebar-lists.js';
import { ReadPositions } from './reading/read-positions.js';
import { ReadSync } from './reading/read-sync.js';
import { Reading } from './reading/reading.js';
import { Drafts } from './sending/drafts.js';
import { MessageSender } from './sending/message-sender.js';
import type { ChatSessionOptions } from './session-options.js';
import { ChatStore } from './threads/chat-store.js';
import { parseKey, roomKey, type ThreadKey } from './threads/thread-key.js';

/** What a chat session is made of: each part has a folder, and those below know nothing of those above. */
export interface SessionParts {
  readonly store: ChatStore;
  readonly retries: Retries;
  readonly reading: Reading;
  readonly presence: Presence;
  readonly lists: SidebarLists;
  readonly liveRooms: LiveRooms;
  readonly sync: ReadSync;
  readonly history: HistoryLoader;
  readonly follower: ThreadFollower;
  readonly rooms: JoinedRooms;
  readonly drafts: Drafts;
  readonly sender: MessageSender;
  readonly connection: ConnectionWatch;
}

/** The session around them. */
export interface SessionFrame {
  /** Aborted when the session ends. */
  readonly signal: AbortSignal;
  /** Aborted when what is on the screen changes. */
  readonly shown: () => AbortSignal;
  /** Shows a room or conversation. */
  readonly open: (key: ThreadKey) => void;
}

/** Puts the parts together: what one of them has to tell another goes through here. */
export function sessionParts(
  { api, client, me, guestOf, onEnded, random }: ChatSessionOptions,
  { signal, shown, open }: SessionFrame,
): SessionParts {
  const chance = random && { random };

  const failed = (error: unknown) => {
    const isRefused = error instanceof ApiError && error.status === 401;
    if (!isRefused || signal.aborted) return;
    onEnded(error.code === 'SESSION_REVOKED' ? 'revoked' : 'expired');
  };
  /** The lists know rooms of conversations that the page may be waiting for. */
  const listed = () => {
    sync.listed();
    follower.fillActive();
    const { active } = store.get();
    if (!active) return;
    if (store.thread(active).phase === 'idle') open(active);
    else rooms.begun(active);
  };
  /** Whoever still reads it here follows it again. */
  const leftElsewhere = (roomId: number) => {
    if (store.get().active !== roomKey(roomId)) void rooms.left(roomId);
  };
  /** What happened while away: conversations have no join that would tell. */
  const online = (wasLost: boolean) => {
    if (wasLost) sync.loadSoon();
    sender.wake();
    retries.hurry();
    if (wasLost && guestOf === undefined) lists.refreshSoon();
  };

  const positions = new ReadPositions(me.userId, () => reading.readElsewhere(), signal);
  const store = new ChatStore(me, (key) => positions.readTo(key));
  const reading = new Reading(store, positions, (roomId, seq) => client.markRead(roomId, seq));
  const retries = new Retries(chance);
  const presence = new Presence(store, api, retries, failed);
  const drafts = new Drafts(me.userId, signal);
  const history = new HistoryLoader({
    api,
    retries,
    shown,
    me: me.userId,
    get: (key) => store.thread(key),
    findRoom: (key) => lists.findConversation(parseKey(key).id),
    update: (key, change) => store.update(key, change),
    failed,
    settled: (key) => follower.settled(key),
  });
  const follower = new ThreadFollower(store, reading, history);
  const lists = new SidebarLists(
    {
      api,
      store,
      retries,
      loaded: listed,
      roomsRead: (version) => liveRooms.pageRead(version),
      roomsAdded: (version) => liveRooms.pageAdded(version),
      removed: (roomIds) => rooms.removed(roomIds),
      failed,
      ...chance,
    },
    signal,
  );
  const liveRooms = new LiveRooms(
    {
      store,
      readAgain: () => lists.readAgain(),
      removed: (roomIds) => lists.unlisted(roomIds),
      ...chance,
    },
    signal,
  );
  const sync = new ReadSync(
    {
      api,
      client,
      store,
      positions,
      reading,
      retries,
      follows: (roomIds) => rooms.follow(roomIds),
      left: leftElsewhere,
      failed,
      ...chance,
    },
    signal,
  );
  const rooms: JoinedRooms = new JoinedRooms({
    ...{ api, client, store, positions, sync, presence, retries, signal, shown },
    home: guestOf ?? firstRoomId,
  });
  const sender = new MessageSender(
    { client, store, reading, history, drafts, begun: (key) => rooms.begun(key) },
    signal,
  );
  const connection = new ConnectionWatch(store, client, online);
  return {
    ...{ store, retries, reading, presence, lists, liveRooms, sync },
    ...{ history, follower, rooms, drafts, sender, connection },
  };
}
