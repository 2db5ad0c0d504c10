import type { ThreadKey } from '../chat/threads/thread-key.js';
import { readStored, writeStored } from '../storage.js';

/**
 * Unsent text, by user and thread. In sessionStorage: each tab has its own, a reload keeps it, and it is gone with
 * the tab.
 */
const keyOf = (userId: number, thread: ThreadKey) => `parley.draft.${userId}.${thread}`;
const tab = () => window.sessionStorage;

export const readDraft = (userId: number, thread: ThreadKey): string =>
  readStored(keyOf(userId, thread), tab) ?? '';

/** Keeps a draft; an empty one is forgotten. */
export const writeDraft = (userId: number, thread: ThreadKey, text: string): void =>
  writeStored(keyOf(userId, thread), text === '' ? null : text, tab);
