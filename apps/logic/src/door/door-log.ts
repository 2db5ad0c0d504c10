import { newId } from '@parley/contracts';
import type { DoorLog } from '@parley/protocol';
import type { DataSource, EntityManager } from 'typeorm';

/** Somebody at a door, as the log names him. */
export interface DoorActor {
  readonly userId: number;
  readonly userName: string;
  readonly role: DoorLog['lines'][number]['actor']['role'];
}

/** What was done. `details`: what it was about, as JSON; never a secret. */
export interface DoorAct {
  readonly roomId: number;
  readonly act: 'invite' | 'withdraw' | 'enter' | 'admit' | 'deny' | 'settings' | 'rename';
  readonly actor: DoorActor;
  readonly inviteId?: string;
  readonly details?: object;
}

/** Puts a line into the log of a room's door, in the transaction that does what it says. */
export async function logAtDoor(
  manager: EntityManager,
  { roomId, act, actor, inviteId, details }: DoorAct,
): Promise<void> {
  await manager.query(
    `INSERT INTO door_log (room_id, id, act, actor_id, actor_name, actor_role, invite_id, details, acted_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[roomId, newId(), act, actor.userId, actor.userName, actor.role, inviteId ?? null],
      ...[details === undefined ? null : JSON.stringify(details), Date.now()],
    ],
  );
}

/** A page of the log, the newest first: the lines before one. Ids grow with time. */
export async function readDoorLog(
  dataSource: DataSource,
  roomId: number,
  { before, limit }: { readonly before?: string | undefined; readonly limit: number },
): Promise<DoorLog> {
  const values: unknown[] = before === undefined ? [roomId] : [roomId, before];
  const rows: Record<string, unknown>[] = await dataSource.query(
    `SELECT id, act, actor_id, actor_name, actor_role, invite_id, details, acted_at FROM door_log
     WHERE room_id = $1 ${before === undefined ? '' : 'AND id < $2'} ORDER BY id DESC LIMIT ${limit + 1}`,
    values,
  );
  return { lines: rows.slice(0, limit).map(lineOf), more: rows.length > limit };
}

function lineOf(row: Record<string, unknown>): DoorLog['lines'][number] {
  const { invite_id, details } = row;
  return {
    id: String(row['id']),
    act: String(row['act']),
    actor: {
      userId: Number(row['actor_id']),
      userName: String(row['actor_name']),
      role: row['actor_role'] as DoorActor['role'],
    },
    ...(typeof invite_id === 'string' && { inviteId: invite_id }),
    ...(typeof details === 'string' && { details: JSON.parse(details) as unknown }),
    at: Number(row['acted_at']),
  };
}
