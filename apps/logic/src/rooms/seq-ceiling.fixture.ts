import type { INestApplicationContext } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { RoomEntity } from '../database/room.entity.js';

/** Up to where numbers of a room are reserved in SQL; 0 for a room that is not there. */
export async function seqCeiling(sql: INestApplicationContext, roomId: number): Promise<number> {
  const rooms = sql.get<DataSource>(getDataSourceToken()).getRepository(RoomEntity);
  return (await rooms.findOneBy({ id: roomId }))?.seqCeiling ?? 0;
}
