import { z } from 'zod';
import { announceAct } from './announce.act.js';
import { deleteAct, pinAct, restoreAct, unpinAct } from './messages.act.js';
import { calmAct, panicAct } from './panic.act.js';
import { banAct, kickAct, timeoutAct, unbanAct, untimeoutAct } from './restrictions.act.js';
import { handOverAct, roleAct, takeOverAct } from './roles.act.js';
import { settingsAct } from './settings.act.js';

/** Everything that somebody may do to a room. */
export const actSchema = z.discriminatedUnion('act', [
  settingsAct,
  roleAct,
  handOverAct,
  takeOverAct,
  timeoutAct,
  untimeoutAct,
  kickAct,
  banAct,
  unbanAct,
  deleteAct,
  restoreAct,
  announceAct,
  pinAct,
  unpinAct,
  panicAct,
  calmAct,
]);
/** An act as it was validated. */
export type Act = z.output<typeof actSchema>;
/** An act as a client writes it: defaults may be left out. */
export type ActInput = z.input<typeof actSchema>;
export type ActName = Act['act'];
export type ActOf<N extends ActName> = Extract<Act, { act: N }>;
