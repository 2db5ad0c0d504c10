import type { ParleyApi, ParleyClient } from '@parley/client';
import type { User } from '@parley/protocol';

/** What a chat session stands on. */
export interface ChatSessionOptions {
  readonly api: ParleyApi;
  readonly client: ParleyClient;
  readonly me: User;
  /** Of a guest: the only room there is. He has no lists. */
  readonly guestOf?: number;
  /** The server does not take the token any more: it was logged out, or is none (any more). */
  readonly onEnded: (why: SessionEnd) => void;
  /** @defaultValue Math.random */
  readonly random?: () => number;
}

/** Why a session is over. `revoked`: logged out, here or elsewhere. `expired`: its token is too old, or of another server. */
export type SessionEnd = 'revoked' | 'expired';
