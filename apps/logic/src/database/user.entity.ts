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

  /** The name as it is compared: `Demo` and `demo` are one. */
  @Column('text', { name: 'name_key', unique: true })
  nameKey!: string;

  /** argon2id, in PHC form. */
  @Column('text', { name: 'password_hash' })
  passwordHash!: string;

  @Column('text')
  role!: 'user' | 'admin';

  @Column('bigint', { name: 'created_at', transformer: numberColumn })
  createdAt!: number;
}
