import type { ComponentType } from 'react';
import type { Account, AccountServer } from '../account/account.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import type { ChatSession } from '../chat/chat-session.js';
import type { Watchable } from '../observable.js';
import type { Route } from '../routing/route.js';
import type { RefusedAddress } from './endpoints.js';

/** A page with messages. */
export type ThreadRoute = Extract<Route, { page: 'room' | 'direct' }>;

/** The server, and what is seen of it by somebody who is logged in. */
export interface Server extends AccountServer {
  readonly demo: DemoAccounts | undefined;
  /** Follows the account: one chat session per log-in. */
  readonly chat: Watchable<ChatSession | undefined>;
  readonly ChatPage: ComponentType<{ readonly route: ThreadRoute }>;
  /** The page of an invitation. */
  readonly JoinPage: ComponentType<{ readonly invite: string }>;
  /** The page where a room's code is typed. */
  readonly CodePage: ComponentType<{ readonly code: string }>;
}

/** What is loaded behind the first look at the page: all that talks to the server. */
export interface ServerPart {
  /** Asks where the server is. @throws {ApiError} Trying again may help. */
  findServer(): Promise<FoundServer>;
}

/** Where the server is; or that browsers will not let this page call it. */
export type FoundServer = { readonly refused: RefusedAddress } | { serve(account: Account): Server };
