export { actSchema, type Act, type ActInput, type ActName, type ActOf } from './acts.js';
export { announcementStyles } from './announce.act.js';
export {
  factChanges,
  hidingOf,
  isVisible,
  readEvent,
  roomEventSchema,
  type Hiding,
  type RoomEvent,
  type RoomEventKind,
  type RoomEventOf,
} from './events.js';
export {
  bannedUntil,
  factNames,
  factsOfState,
  guestPolicies,
  guestsOutSince,
  FOREVER,
  isPanic,
  kicksOf,
  mutedUntil,
  ownersOf,
  pinsOf,
  roleOf,
  roomModes,
  roomStateSchema,
  settingsOf,
  sharedStateOf,
  stateFor,
  withChanges,
  type FactChange,
  type GuestPolicy,
  type Kick,
  type Pin,
  type RoomFacts,
  type RoomMode,
  type RoomSettings,
  type RoomState,
} from './facts.js';
export { actInverses } from './inverses.js';
export { rangeSchema, type MessageRange } from './fields.js';
export { actRules, actsFrom, mayAct, type ActRule } from './matrix.js';
export { priorSchema } from './panic.act.js';
export {
  grantableRoles,
  isHost,
  isStaff,
  rankOf,
  roomRoles,
  roomRoleSchema,
  type RoomRole,
} from './roles.js';
