import type { ActName } from './acts.js';

/** What takes an act back: an act, with what it brings back; or why nothing does. */
export type Inverse = { readonly by: ActName; readonly to: string } | { readonly not: string };

/** Which act takes which one back. docs/acts.md is generated from it, and clients offer what it says. */
export const actInverses: Readonly<Record<ActName, Inverse>> = {
  settings: { by: 'settings', to: 'what was changed, and nothing else' },
  role: { by: 'role', to: 'the role from before' },
  handOver: { not: 'the new owner alone can give the room back' },
  takeOver: { not: 'it is on record; an owner takes the role away' },
  timeout: { by: 'untimeout', to: 'or the time-out from before' },
  untimeout: { by: 'timeout', to: 'until the same time' },
  kick: { not: 'nothing of it holds: who was put out may come back' },
  ban: { by: 'unban', to: 'or the ban and the time-out from before' },
  unban: { by: 'ban', to: 'until the same time, with the time-out that was lifted, too' },
  delete: { by: 'restore', to: 'exactly what it hid; for hosts' },
  restore: { by: 'delete', to: 'of one message; of more, what was hidden before is not known' },
  announce: { by: 'delete', to: 'the announcement' },
  pin: { by: 'unpin', to: 'the message' },
  unpin: { by: 'pin', to: 'until the same time' },
  panic: { by: 'calm', to: 'the settings from before, and what was hidden' },
  calm: { not: 'it takes a panic back; the next one hides what is there by then' },
};
