import { z } from 'zod';
import { idField } from '../fields.js';
import { factNames, type FactChange } from './facts.js';
import { personSchema } from './fields.js';
import { grantableRoleSchema, roomRoleSchema } from './roles.js';

/** Gives a role; `member` takes it away. */
export const roleAct = z.object({ act: z.literal('role'), userId: idField, role: grantableRoleSchema });
/** The acting owner makes somebody else owner and becomes a moderator. */
export const handOverAct = z.object({ act: z.literal('handOver'), userId: idField });
/** An admin of the site becomes an owner of the room, for everybody to see. */
export const takeOverAct = z.object({ act: z.literal('takeOver') });

/** Who has which role from here on, and who the owners are then. */
export const rolesEvent = z.object({
  kind: z.literal('roles'),
  roles: z.array(personSchema.extend({ role: roomRoleSchema })),
  owners: z.array(z.number()),
});
export const rolesFacts = ({ roles, owners }: z.infer<typeof rolesEvent>): FactChange[] => [
  ...roles.map(({ userId, role }): FactChange => [factNames.role(userId), role === 'member' ? null : role]),
  [factNames.owners, owners.length === 0 ? null : JSON.stringify(owners)],
];
