import type { Identity } from '@parley/contracts';

/** What somebody is in a room in which he has been given no role. */
export const standingOf = ({ role }: Pick<Identity, 'role'>): 'member' | 'guest' =>
  role === 'guest' ? 'guest' : 'member';

/** Who acts or speaks, as `logic` is told. What goes without saying is left out. */
export function authorOf({ userId, userName, role, databaseLife }: Identity) {
  return {
    userId,
    userName,
    ...(databaseLife !== undefined && { databaseLife }),
    ...(role === 'guest' && { standing: 'guest' as const }),
    ...(role === 'admin' && { isAdmin: true }),
  };
}
