import { Column, Entity, PrimaryColumn } from 'typeorm';
import { numberColumn } from './number-column.js';

/** An archived message. `body` is kept exactly as it was accepted, so history needs no encoding. */
@Entity('messages')
export class MessageEntity {
  @PrimaryColumn('bigint', { name: 'room_id', transformer: numberColumn })
  roomId!: number;

  @PrimaryColumn('bigint', { transformer: numberColumn })
  seq!: number;

  @Column('text')
  epoch!: string;

  @Column('text')
  id!: string;

  @Column('bigint', { name: 'sender_id', transformer: numberColumn })
  senderId!: number;

  @Column('integer')
  kind!: number;

  /** Null when the sender had used the id before, for a message that is archived under it. */
  @Column('text', { name: 'client_msg_id', nullable: true })
  clientMsgId!: string | null;

  @Column('bigint', { name: 'sent_at', transformer: numberColumn })
  sentAt!: number;

  @Column('bigint', { name: 'recalled_at', nullable: true, transformer: numberColumn })
  recalledAt!: number | null;

  /** Delivered JSON without seq, epoch and closing brace; see `stream-entries.ts`. */
  @Column('text')
  body!: string;
}
