import type { ComponentType } from 'react';
import type { Account, AccountServer } from '../account/account.js';
import type { Session } from '../account/stored-session.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import type { ChatSession } from '../chat/chat-session.js';
import type { Watchable } from '../observable.js';
import type { Route } from '../routing/route.js';
import type { Endpoints, RefusedAddress } from './endpoints.js';

/** A page with messages. */
export type ThreadRoute = Extract<Route, { page: 'room' | 'direct' }>;

/** The server, for who logs in. */
export interface Server extends AccountServer {
  readonly demo: DemoAccounts | undefined;
  readonly endpoints: Endpoints;
}

/** Where the server is; or that browsers will not let this page call it. */
export type FoundServer = { readonly refused: RefusedAddress } | { readonly server: Server };

/** What is loaded behind the first look at the page: as much of the server as a log-in needs. */
export interface ServerPart {
  /** Asks where the server is. @throws {ApiError} Trying again may help. */
  findServer(): Promise<FoundServer>;
}

/** What is seen by somebody who is logged in, and what it stands on. */
export interface ChatPart {
  /** One chat session per log-in. */
  follow(account: Account, endpoints: Endpoints): Watchable<ChatSession | undefined>;
  readonly ChatPage: ComponentType<{ readonly route: ThreadRoute }>;
}

/** Ways into rooms. */
export interface DoorPart {
  /** The page of an invitation. */
  readonly JoinPage: ComponentType<{ readonly invite: string }>;
  /** Where a guest waits to be let in. */
  readonly LobbyPage: ComponentType<{ readonly session: Session; readonly roomId: number }>;
  /** The page where a room's code is typed. */
  readonly CodePage: ComponentType<{ readonly code: string }>;
}

/** What of the site is loaded later, each by itself. */
export interface SiteParts {
  readonly server: () => Promise<ServerPart>;
  readonly chat: () => Promise<ChatPart>;
  readonly door: () => Promise<DoorPart>;
}
