import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { AppError, passwordField, userNameField, type User } from '@parley/protocol';
import { DataSource, In } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import { UserEntity } from '../database/user.entity.js';
import { PasswordHasher } from './password-hasher.js';

/** Names that look alike to a reader are one name: compatibility forms and case are folded. */
const nameKeyOf = (name: string) => name.normalize('NFKC').toLowerCase().trim();

/** Half a surrogate pair does not survive UTF-8: its owner could not log in under what is stored. */
const storable = (name: string) => !/\p{Cs}/u.test(name);

/** Accounts: registration and password check. */
@Injectable()
export class AccountsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
    @Inject(PasswordHasher) private readonly hasher: PasswordHasher,
  ) {}

  /** @throws {AppError} `INVALID` with the field's name, or `NAME_TAKEN`. */
  async register(userName: string, password: string): Promise<User> {
    const name = userNameField.refine(storable).safeParse(userName);
    const fields = [
      !name.success && 'userName',
      !passwordField.safeParse(password).success && 'password',
    ].filter((field) => field !== false);
    if (!name.success || fields.length > 0) throw new AppError('INVALID', { fields });
    const nameKey = nameKeyOf(name.data);
    if (await this.byKey(nameKey)) throw new AppError('NAME_TAKEN');
    const passwordHash = await this.hasher.hash(password);
    const row = { name: name.data, nameKey, passwordHash, role: 'user' as const, createdAt: Date.now() };
    try {
      const { identifiers } = await this.writer.run((manager) => manager.insert(UserEntity, row));
      return { userId: Number(identifiers[0]?.['id']), userName: row.name, role: row.role };
    } catch (cause) {
      // Two registrations of one name at once: the unique index lets one through.
      if (await this.byKey(nameKey)) throw new AppError('NAME_TAKEN', { cause });
      throw cause;
    }
  }

  /** @throws {AppError} `BAD_CREDENTIALS`, after the same work whether or not the user exists. */
  async verify(userName: string, password: string): Promise<User> {
    const user = await this.byKey(nameKeyOf(userName));
    if (!(await this.hasher.matches(password, user?.passwordHash)) || !user)
      throw new AppError('BAD_CREDENTIALS');
    return userOf(user);
  }

  /** Those of the users that exist, in no particular order. */
  async findByIds(userIds: readonly number[]): Promise<User[]> {
    const users = await this.dataSource.getRepository(UserEntity).findBy({ id: In([...userIds]) });
    return users.map(userOf);
  }

  /** Inserts an account under a given id, unless the id or the name is taken. */
  async insertWithId(id: number, name: string, password: string): Promise<void> {
    const passwordHash = await this.hasher.hash(password);
    // Written by hand: on Postgres TypeORM leaves out an id that the database can generate.
    await this.writer.run((manager) =>
      manager.query(
        `INSERT INTO users (id, name, name_key, password_hash, role, created_at)
         VALUES ($1, $2, $3, $4, 'user', $5) ON CONFLICT DO NOTHING`,
        [id, name, nameKeyOf(name), passwordHash, Date.now()],
      ),
    );
  }

  private byKey(nameKey: string): Promise<UserEntity | null> {
    return this.dataSource.getRepository(UserEntity).findOneBy({ nameKey });
  }
}

const userOf = ({ id, name, role }: UserEntity): User => ({ userId: id, userName: name, role });
