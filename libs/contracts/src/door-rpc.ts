import {
  doorChangeSchema,
  doorKeySchema,
  doorLogSchema,
  doorSettingsSchema,
  guestSessionSchema,
  invitationSchema,
  invitedRoleSchema,
  invitesSchema,
  joinedByDoorSchema,
  inviteTokenField,
  limits,
  madeInviteSchema,
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
    request: z.object({ userId: id, userName: z.string(), by: doorKeySchema }),
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
  /** Lets somebody without an account in, by an invitation. `address`: the key of where he comes from. */
  admitGuest: rpcContract({
    ...logic,
    pattern: 'logic.admitGuest',
    request: z.object({ invite: inviteTokenField, name: z.string(), address: z.string() }),
    response: guestSessionSchema,
    idempotent: false,
  }),
} as const;
