import { Column, Entity, Generated, PrimaryColumn } from 'typeorm';
import { numberColumn } from './number-column.js';

/** A room, or the conversation of two users. */
@Entity('rooms')
export class RoomEntity {
  @PrimaryColumn('bigint', { transformer: numberColumn })
  @Generated('increment')
  id!: number;

  @Column('text')
  name!: string;

  /** What it is found by, see `nameKey`; empty for a conversation. */
  @Column('text', { name: 'name_key', default: '' })
  nameKey!: string;

  /** 1 for a room that is in no list and open to members alone. */
  @Column('bigint', { name: 'private', default: 0, transformer: numberColumn })
  isPrivate?: number;

  @Column('text')
  kind!: 'room' | 'direct';

  /** `<lower user id>:<higher user id>` of a conversation, else null. */
  @Column('text', { name: 'direct_key', nullable: true, unique: true })
  directKey!: string | null;

  @Column('bigint', { name: 'created_by', nullable: true, transformer: numberColumn })
  createdBy!: number | null;

  @Column('bigint', { name: 'created_at', transformer: numberColumn })
  createdAt!: number;

  /** What its maker asked for it with, once; null for nothing. */
  @Column('text', { name: 'made_by_key', nullable: true })
  madeByKey?: string | null;

  /** Sequence numbers up to this one may have been issued. */
  @Column('bigint', { name: 'seq_ceiling', transformer: numberColumn })
  seqCeiling!: number;

  /** When somebody last joined it or sent to it, roughly: milliseconds since 1970. For the order of lists alone. */
  @Column('bigint', { name: 'used_at', transformer: numberColumn })
  usedAt!: number;
}
