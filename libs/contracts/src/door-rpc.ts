import {
  decidedSchema,
  doorChangeSchema,
  doorKeySchema,
  doorLogSchema,
  doorSettingsSchema,
  guestKeySchema,
  guestSessionSchema,
  invitationSchema,
  invitedRoleSchema,
  invitesSchema,
  joinedByDoorSchema,
  inviteTokenField,
  limits,
  madeInviteSchema,
  waitingListSchema,
  waitingStateSchema,
} from '@parley/protocol';
import { z } from 'zod';
import { rpcContract } from './rpc-contract.js';

const id = z.number().int().positive();
const logic = { service: 'logic', deadlineMs: 5_000 } as const;
const host = z.object({ userId: id, userName: z.string(), roomId: id });

/** What `logic` serves at the doors of rooms: a part of `logicRpc`. */
export const doorRpc = {
  /** For hosts: makes an invitation. */
  createInvite: rpcContract({
    ...logic,
    pattern: 'logic.createInvite',
    request: host.extend({
      role: invitedRoleSchema,
      expiresAt: z.number().optional(),
      maxUses: z.number().int().min(1).max(limits.maxInviteUses).optional(),
    }),
    response: madeInviteSchema,
    idempotent: false,
  }),
  /** For hosts: invitations that can be used. */
  listInvites: rpcContract({
    ...logic,
    pattern: 'logic.listInvites',
    request: z.object({ userId: id, roomId: id }),
    response: invitesSchema,
    idempotent: true,
  }),
  /** For hosts: nobody comes by an invitation any more. `endSessions`: guests who did leave. */
  withdrawInvite: rpcContract({
    ...logic,
    pattern: 'logic.withdrawInvite',
    request: host.extend({ inviteId: z.uuid(), endSessions: z.boolean() }),
    response: z.object({}),
    idempotent: true,
  }),
  /** For hosts: what was done at the door. */
  doorLog: rpcContract({
    ...logic,
    pattern: 'logic.doorLog',
    request: z.object({
      userId: id,
      roomId: id,
      before: z.uuid().optional(),
      limit: z.number().int().min(1).max(limits.maxAuditPage),
    }),
    response: doorLogSchema,
    idempotent: true,
  }),
  /** For hosts: whether the room is listed, and by what people come in. */
  doorSettings: rpcContract({
    ...logic,
    pattern: 'logic.doorSettings',
    request: z.object({ userId: id, roomId: id }),
    response: doorSettingsSchema,
    idempotent: true,
  }),
  /** For owners: changes that. */
  changeDoor: rpcContract({
    ...logic,
    pattern: 'logic.changeDoor',
    request: host.extend(doorChangeSchema.shape),
    response: doorSettingsSchema,
    idempotent: false,
  }),
  /** Lets somebody with an account in, by an invitation or a code. */
  joinByDoor: rpcContract({
    ...logic,
    pattern: 'logic.joinByDoor',
    request: z.object({
      userId: id,
      userName: z.string(),
      by: doorKeySchema,
      address: z.string().optional(),
    }),
    response: joinedByDoorSchema,
    idempotent: true,
  }),
  /** What an invitation opens. Nothing is counted. */
  readInvite: rpcContract({
    ...logic,
    pattern: 'logic.readInvite',
    request: z.object({ invite: inviteTokenField }),
    response: invitationSchema,
    idempotent: true,
  }),
  /** For hosts: who waits to be let in. */
  listWaiting: rpcContract({
    ...logic,
    pattern: 'logic.listWaiting',
    request: z.object({
      userId: id,
      roomId: id,
      after: id.optional(),
      limit: z.number().int().min(1).max(limits.maxWaitingPage),
    }),
    response: waitingListSchema,
    idempotent: true,
  }),
  /** For hosts: lets people in who wait, or does not; `userIds` or everybody. */
  decideWaiting: rpcContract({
    ...logic,
    pattern: 'logic.decideWaiting',
    request: host.extend({
      userIds: z.array(id).max(limits.maxWaiting).optional(),
      admit: z.boolean(),
    }),
    response: decidedSchema,
    idempotent: true,
  }),
  /** How it stands with people who wait, in the order asked; null for who does not. They were heard of. */
  askWaiting: rpcContract({
    ...logic,
    pattern: 'logic.askWaiting',
    request: z.object({ roomId: id, userIds: z.array(id).min(1).max(limits.maxWaitingPage) }),
    response: z.object({ states: z.array(waitingStateSchema.nullable()) }),
    idempotent: true,
  }),
  /** Somebody waits no more. */
  leaveWaiting: rpcContract({
    ...logic,
    pattern: 'logic.leaveWaiting',
    request: z.object({ userId: id, roomId: id }),
    response: z.object({}),
    idempotent: true,
  }),
  /** Lets somebody without an account in, by an invitation. `address`: the key of where he comes from. */
  admitGuest: rpcContract({
    ...logic,
    pattern: 'logic.admitGuest',
    request: z.object({
      invite: inviteTokenField,
      name: z.string(),
      address: z.string(),
      key: guestKeySchema.optional(),
    }),
    response: guestSessionSchema,
    idempotent: false,
  }),
  /** A guest takes another name; `session`: the one that he has, which ends soon. */
  renameGuest: rpcContract({
    ...logic,
    pattern: 'logic.renameGuest',
    request: host.extend({
      session: z.object({ id: z.string(), expiresAt: z.number() }),
      name: z.string(),
    }),
    response: guestSessionSchema,
    idempotent: false,
  }),
} as const;
