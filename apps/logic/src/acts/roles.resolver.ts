import { AppError, factNames, limits, mayAct, ownersOf, roleOf, type RoomRole } from '@parley/protocol';
import { asTheyAre, type ActContext, type ActResolver, type ResolvedAct } from './resolved-act.js';

/** Who owns the room after somebody has got a role. @throws {AppError} `LAST_OWNER`. */
function ownersAfter(
  { facts }: ActContext,
  changes: readonly { userId: number; role: RoomRole }[],
): number[] {
  const owners = new Set(ownersOf(facts));
  const had = owners.size > 0;
  for (const { userId, role } of changes) {
    if (role === 'owner') owners.add(userId);
    else owners.delete(userId);
  }
  if (had && owners.size === 0) throw new AppError('LAST_OWNER');
  return [...owners].sort((a, b) => a - b);
}

function checkRoom({ facts }: ActContext): void {
  const roles = [...facts.keys()].filter((name) => /^r\d+$/.test(name)).length;
  if (roles >= limits.maxRoles) throw new AppError('TOO_MANY_ROLES');
}

export const role: ActResolver<'role'> = async (act, context) => {
  const { facts, actor } = context;
  const person = await context.person(act.userId);
  if (person.standing === 'guest') throw new AppError('FORBIDDEN');
  const had = roleOf(facts, person.userId);
  if (!mayAct('role', actor.role, had, act.role)) throw new AppError('FORBIDDEN');
  if (had === 'member' && act.role !== 'member') checkRoom(context);
  const roles = [{ userId: person.userId, userName: person.userName, role: act.role }];
  return {
    event: { kind: 'roles', roles, owners: ownersAfter(context, roles) },
    target: { ...person, mustBeLower: actor.role !== 'owner' },
    expect: asTheyAre(facts, factNames.owners, factNames.role(person.userId), factNames.role(actor.userId)),
  };
};

export const handOver: ActResolver<'handOver'> = async ({ userId }, context) => {
  const { facts, actor } = context;
  const person = await context.person(userId);
  if (actor.role !== 'owner' || person.standing === 'guest') throw new AppError('FORBIDDEN');
  if (person.userId === actor.userId) throw new AppError('INVALID', { fields: ['act.userId'] });
  const roles = [
    { userId: person.userId, userName: person.userName, role: 'owner' as const },
    { userId: actor.userId, userName: actor.userName, role: 'moderator' as const },
  ];
  return {
    event: { kind: 'roles', roles, owners: ownersAfter(context, roles) },
    target: { ...person, mustBeLower: false },
    expect: asTheyAre(facts, factNames.owners, factNames.role(actor.userId), factNames.role(person.userId)),
  };
};

export const takeOver: ActResolver<'takeOver'> = (_, context): ResolvedAct => {
  const { facts, actor } = context;
  if (!actor.isAdmin) throw new AppError('FORBIDDEN');
  const roles = [{ userId: actor.userId, userName: actor.userName, role: 'owner' as const }];
  return {
    event: { kind: 'roles', roles, owners: ownersAfter(context, roles) },
    isFree: true,
    isSigned: true,
    expect: asTheyAre(facts, factNames.owners),
  };
};
