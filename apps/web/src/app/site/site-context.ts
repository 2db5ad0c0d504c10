import { createContext, use } from 'react';
import type { ChatSession } from '../chat/chat-session.js';
import type { ChatState } from '../chat/threads/chat-state.js';
import type { Account } from '../account/account.js';
import type { Observable } from '../observable.js';
import type { Preferences } from '../preferences/preferences.js';
import { useObservable } from '../use-observable.js';
import type { DemoAccounts } from '../account/demo-accounts.js';
import type { Site } from './site.js';

export const SiteContext = createContext<Site | undefined>(undefined);
export const PreferencesContext = createContext<Observable<Preferences> | undefined>(undefined);
export const ChatContext = createContext<ChatSession | undefined>(undefined);

function provided<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('rendered outside of its provider');
  return value;
}

export const useSite = (): Site => provided(use(SiteContext));
export const useAccount = (): Account => useSite().account;
/** Accounts for trying Parley out, once the server has said that there are some. */
export function useDemo(): DemoAccounts | undefined {
  const site = useSite();
  return useObservable(site.state, () => site.demo);
}
export const usePreferences = (): Observable<Preferences> => provided(use(PreferencesContext));
/** The chat session of the user who is logged in. Only inside the chat pages. */
export const useChat = (): ChatSession => provided(use(ChatContext));

/** A part of the chat's state, as it is shown. `select` must pick, not build. */
export function useChatState<S>(select: (state: ChatState) => S): S {
  return useObservable(useChat().shown, select);
}
