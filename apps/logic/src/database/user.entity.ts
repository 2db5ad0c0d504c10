import { Column, Entity, Generated, PrimaryColumn } from 'typeorm';
import { numberColumn } from './number-column.js';

/** An account. */
@Entity('users')
export class UserEntity {
  @PrimaryColumn('bigint', { transformer: numberColumn })
  @Generated('increment')
  id!: number;

  @Column('text')
  name!: string;

  /** The name as it is compared, see `nameKey`: `Demo` and `demo` are one. */
  @Column('text', { name: 'name_key', unique: true })
  nameKey!: string;

  /** What the name looks like, see `nameLook`; null for an account that was there before, beside its look-alike. */
  @Column('text', { name: 'name_look', unique: true, nullable: true })
  nameLook!: string | null;

  /** argon2id, in PHC form. */
  @Column('text', { name: 'password_hash' })
  passwordHash!: string;

  @Column('text')
  role!: 'user' | 'admin' | 'guest';

  @Column('bigint', { name: 'created_at', transformer: numberColumn })
  createdAt!: number;
}
