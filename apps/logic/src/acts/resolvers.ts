import { announce, deleteMessages, pin, restore, unpin } from './messages.resolver.js';
import { calm, panic } from './panic.resolver.js';
import type { ActResolvers } from './resolved-act.js';
import { ban, kick, timeout, unban, untimeout } from './restrictions.resolver.js';
import { handOver, role, takeOver } from './roles.resolver.js';
import { settings } from './settings.resolver.js';

/** Every act that a client can ask for. The compiler finds one that is missing. */
export const actResolvers: ActResolvers = {
  settings,
  role,
  handOver,
  takeOver,
  timeout,
  untimeout,
  kick,
  ban,
  unban,
  delete: deleteMessages,
  restore,
  announce,
  pin,
  unpin,
  panic,
  calm,
};
