import { Observable } from '../observable.js';
import type { Person } from './offers.js';

/** What of the console is to be open, in which room. `at`: where the menu was asked for, pixels of the window. */
export type ConsoleRequest = { readonly roomId: number } & (
  | {
      readonly what: 'message';
      readonly seq: number;
      readonly at: { readonly x: number; readonly y: number };
    }
  | { readonly what: 'original'; readonly seq: number }
  | { readonly what: 'person'; readonly person: Person }
  | { readonly what: 'settings' | 'panic' | 'calm' | 'waiting' }
);

/** What of the console lies over the page, if something does. */
export const consoleRequest = new Observable<ConsoleRequest | undefined>(undefined);
