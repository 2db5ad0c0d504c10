import { z } from 'zod';
import { guestPolicies } from '../acts/facts.js';
import { roomRoleSchema } from '../acts/roles.js';
import { idField, passwordField, storableField, userNameField } from '../fields.js';
import { limits } from '../limits.js';

/** What an invitation makes of who comes by it. `guest`: he needs no account; the others are for accounts. */
export const invitedRoleSchema = z.enum(['guest', 'member', 'speaker']);
export type InvitedRole = z.infer<typeof invitedRoleSchema>;

/** The secret of an invitation, as it stands in its link. */
export const inviteTokenField = z.string().regex(/^[\w-]{20,64}$/);

/** An invitation to make. `expiresAt`: milliseconds since 1970; without it, and without `maxUses`, it holds until it is withdrawn. */
export const inviteBodySchema = z.object({
  role: invitedRoleSchema.default('guest'),
  expiresAt: z.number().int().positive().max(8_640_000_000_000_000).optional(),
  maxUses: z.number().int().min(1).max(limits.maxInviteUses).optional(),
});

/** An invitation as hosts see it. Times are milliseconds since 1970. */
export const inviteSchema = z.object({
  inviteId: z.string(),
  role: invitedRoleSchema,
  /** How many have come by it. */
  uses: z.number(),
  maxUses: z.number().optional(),
  expiresAt: z.number().optional(),
  createdAt: z.number(),
  createdBy: z.object({ userId: z.number(), userName: z.string() }),
});
export type Invite = z.infer<typeof inviteSchema>;
/** Those that can still be used, the newest first. */
export const invitesSchema = z.object({ invites: z.array(inviteSchema) });
export type Invites = z.infer<typeof invitesSchema>;

/** A new invitation. Its secret is told this once. `path`: of the page of the site that it opens. */
export const madeInviteSchema = inviteSchema.extend({ token: z.string(), path: z.string() });
export type MadeInvite = z.infer<typeof madeInviteSchema>;

/** `sessions=end`: whoever came by it as a guest leaves, too. */
export const withdrawQuerySchema = z.object({ sessions: z.enum(['keep', 'end']).default('keep') });

export const guestBodySchema = z.object({ invite: inviteTokenField, name: userNameField });
/** What makes coming in as a guest idempotent. Whoever has it comes in as the same guest: a UUID, so that nobody guesses it. */
export const guestKeySchema = z.uuid();
/** A guest's other name. */
export const renameBodySchema = z.object({ name: userNameField });
/** What an invitation opens, for who holds it and is nobody yet. */
export const invitationSchema = z.object({
  roomId: z.number(),
  roomName: z.string(),
  role: invitedRoleSchema,
  /** Absent where everybody who has it is let in. */
  guestPolicy: z.enum(guestPolicies).optional(),
});
export type Invitation = z.infer<typeof invitationSchema>;
export const invitationBodySchema = z.object({ invite: inviteTokenField });

/** A code as it is typed: small letters, blanks and hyphens do not matter. */
export const roomCodeField = z
  .string()
  .max(32)
  .transform((code) => code.replace(/[\s-]/g, '').toUpperCase())
  .refine((code) => /^[2-9A-HJKMNP-Z]{6}$/.test(code), 'code');
/** By what somebody with an account comes in: an invitation, or a code, with the room's password if it has one. */
export const doorKeySchema = z
  .object({
    invite: inviteTokenField.optional(),
    code: roomCodeField.optional(),
    password: storableField.max(1_024).optional(),
  })
  .refine(({ invite, code }) => (invite === undefined) !== (code === undefined), {
    path: ['invite'],
    error: 'invite or code',
  });
/** `waiting`: a host has to let him in. */
export const joinedByDoorSchema = z.object({
  roomId: z.number(),
  roomName: z.string(),
  waiting: z.literal(true).optional(),
});
export type JoinedByDoor = z.infer<typeof joinedByDoorSchema>;

/** What an owner may change. `listed: false`: in no list, and for members alone. `code`: true for a new one. */
export const doorChangeSchema = z.object({
  listed: z.boolean().optional(),
  password: passwordField.nullable().optional(),
  code: z.boolean().optional(),
});
/** How a room's door stands. */
export const doorSettingsSchema = z.object({
  listed: z.boolean(),
  hasPassword: z.boolean(),
  code: z.string().optional(),
});
export type DoorSettings = z.infer<typeof doorSettingsSchema>;

const digits = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number);
export const doorLogQuerySchema = z.object({
  before: z.uuid().optional(),
  limit: digits.pipe(z.number().int().min(1).max(limits.maxAuditPage)).default(50),
});
/**
 * What was done at the door, the newest first; nobody can change it. `invite`: one was made; `withdraw`: taken back; `enter`:
 * somebody came in by it.
 */
export const doorLogSchema = z.object({
  lines: z.array(
    z.object({
      id: z.string(),
      act: z.string(),
      actor: z.object({ userId: idField, userName: z.string(), role: roomRoleSchema }),
      inviteId: z.string().optional(),
      details: z.unknown().optional(),
      at: z.number(),
    }),
  ),
  more: z.boolean(),
});
export type DoorLog = z.infer<typeof doorLogSchema>;
