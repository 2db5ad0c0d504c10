import type { ChatSession } from '../chat/chat-session.js';
import type { ThreadKey } from '../chat/threads/thread-key.js';
import { Observable } from '../observable.js';
import type { Outcome } from './run-command.js';

/** What became of a command, or that it is under way. */
export type CommandState =
  Exclude<Outcome, { kind: 'text' | 'help' | 'open' | 'nick' }> | { readonly kind: 'running' };

/** The last command of a thread. `text`: what is in the composer as long as its state says something about it. */
export interface LastCommand {
  readonly text: string;
  readonly state: CommandState;
}

const sessions = new WeakMap<ChatSession, LastCommands>();

/** The last command of each thread: one that is under way stays so while one looks at another thread, and is not given twice. */
export class LastCommands {
  readonly byThread = new Observable<ReadonlyMap<ThreadKey, LastCommand>>(new Map());

  /** Those of a chat session: they end with it. */
  static of(chat: ChatSession): LastCommands {
    const known = sessions.get(chat) ?? new LastCommands();
    sessions.set(chat, known);
    return known;
  }

  /** Whether a command is under way in a thread: it takes no other one. */
  isRunning(key: ThreadKey): boolean {
    return this.byThread.get().get(key)?.state.kind === 'running';
  }

  /** @param last - Undefined: there is nothing to say. */
  set(key: ThreadKey, last: LastCommand | undefined): void {
    const next = new Map(this.byThread.get());
    if (last) next.set(key, last);
    else next.delete(key);
    this.byThread.set(next);
  }

  /** Nobody looks at the thread any more: what was told there has been read. */
  seen(key: ThreadKey): void {
    if (!this.isRunning(key)) this.set(key, undefined);
  }
}
