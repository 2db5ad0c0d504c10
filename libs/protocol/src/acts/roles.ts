import { z } from 'zod';

/** What somebody is in a room, from the highest down. Who has been given nothing is a `member`; a guest came by an invitation, without an account. */
export const roomRoles = ['owner', 'moderator', 'speaker', 'member', 'guest'] as const;
export type RoomRole = (typeof roomRoles)[number];
export const roomRoleSchema = z.enum(roomRoles);

/** Roles that can be given to somebody; `member` takes a role away. */
export const grantableRoles = ['owner', 'moderator', 'speaker', 'member'] as const;
export const grantableRoleSchema = z.enum(grantableRoles);

/** Orders roles: 5 for an owner to 1 for a guest. Nobody acts on an equal or higher one. */
export const rankOf = (role: RoomRole): number => roomRoles.length - roomRoles.indexOf(role);

/** Owners and moderators: who may speak in a room that is for hosts alone. */
export const isHost = (role: RoomRole): boolean => rankOf(role) >= rankOf('moderator');
/** Whom slow mode does not hold back, and whom panic does not hide. */
export const isStaff = (role: RoomRole): boolean => rankOf(role) >= rankOf('speaker');
