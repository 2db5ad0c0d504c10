import { z } from 'zod';
import { actSchema } from '../acts/index.js';
import { grantableRoleSchema } from '../acts/roles.js';
import { announceAct } from '../acts/announce.act.js';
import { deleteAct, pinAct, restoreAct } from '../acts/messages.act.js';
import { calmAct, panicAct } from '../acts/panic.act.js';
import { banAct, kickAct } from '../acts/restrictions.act.js';
import { settingsAct } from '../acts/settings.act.js';
import { idField, seqField } from '../fields.js';
import { limits } from '../limits.js';
import { roomStateSchema } from '../acts/facts.js';

/** Bodies of the routes that do something to a room: acts without their names, and what the address says. */
export const settingsBodySchema = settingsAct.omit({ act: true });
export const roleBodySchema = z.object({ role: grantableRoleSchema });
export const ownerBodySchema = z.object({ userId: idField });
/** With `duration`, seconds, a time-out; without it a ban for good. */
export const banBodySchema = z.object({
  userId: idField,
  duration: z.number().int().min(1).max(limits.maxTimeoutSeconds).optional(),
  reason: banAct.shape.reason,
});
export const kickBodySchema = kickAct.omit({ act: true });
const { act: _delete, ...deleteShape } = deleteAct.shape;
const { act: _restore, ...restoreShape } = restoreAct.shape;
/** Which messages; see `deleteAct`. */
export const hideBodySchema = z.object(deleteShape);
export const restoreBodySchema = z.object(restoreShape);
export const announcementBodySchema = announceAct.omit({ act: true });
export const pinBodySchema = pinAct.omit({ act: true, seq: true });
export const shieldBodySchema = panicAct.omit({ act: true });
export const unshieldBodySchema = calmAct.omit({ act: true });
/** Any act, as in the `act` frame. */
export const actBodySchema = actSchema;

/** A room as it stands for whom asks, at `seq` or behind it. */
export const roomStateAnswerSchema = z.object({ seq: z.number(), epoch: z.string(), state: roomStateSchema });

/** Who may not speak, or not be in the room. Without `until` for good. Times are milliseconds since 1970. */
export const restrictionsSchema = z.object({
  restrictions: z.array(
    z.object({
      userId: z.number(),
      userName: z.string(),
      kind: z.enum(['timeout', 'ban']),
      until: z.number().optional(),
      by: z.string().optional(),
      at: z.number().optional(),
      reason: z.string().optional(),
    }),
  ),
});
export type Restrictions = z.infer<typeof restrictionsSchema>;

const digits = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number);
/** Which lines: those before a seq, and those about one user. */
export const auditQuerySchema = z.object({
  before: digits.pipe(seqField).optional(),
  about: digits.pipe(seqField).optional(),
  limit: digits.pipe(z.number().int().min(1).max(limits.maxAuditPage)).default(50),
});
/** The audit log, the newest first. `event`: what the room was told. `at`: milliseconds since 1970. */
export const auditPageSchema = z.object({
  lines: z.array(
    z.object({
      seq: z.number(),
      act: z.string(),
      actor: z.object({ userId: z.number(), userName: z.string(), role: z.string() }),
      target: z.object({ userId: z.number(), userName: z.string() }).optional(),
      reason: z.string().optional(),
      event: z.unknown(),
      at: z.number(),
    }),
  ),
  more: z.boolean(),
});
export type AuditPage = z.infer<typeof auditPageSchema>;

/** A message as it was sent. */
export const originalSchema = z.object({
  seq: z.number(),
  msg: z.string(),
  fromUserId: z.number(),
  fromUserName: z.string(),
  sentAt: z.number(),
});
export type Original = z.infer<typeof originalSchema>;
