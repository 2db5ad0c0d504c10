import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { nameKey, nameLook } from '@parley/contracts/name-key';
import {
  AppError,
  isStorable,
  opaqueString,
  passwordField,
  userNameField,
  type User,
} from '@parley/protocol';
import { demoAccounts } from '@parley/config';
import { DataSource, In } from 'typeorm';
import { IdIssuer } from '../database/id-issuer.js';
import { SqlWriter } from '../database/sql-writer.js';
import { UserEntity } from '../database/user.entity.js';
import { DEMO } from './demo.js';
import { legacyNameKey } from './legacy-name-key.js';
import { PasswordHasher } from './password-hasher.js';

/** Accounts: registration and password check. */
@Injectable()
export class AccountsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
    @Inject(PasswordHasher) private readonly hasher: PasswordHasher,
    @Inject(IdIssuer) private readonly ids: IdIssuer,
    @Inject(DEMO) private readonly demo: boolean,
  ) {}

  /** @throws {AppError} `INVALID` with the field's name, or `NAME_TAKEN`, also by a name that looks the same. */
  async register(userName: string, password: string): Promise<User> {
    const name = userNameField.safeParse(userName);
    const fields = [
      !name.success && 'userName',
      !passwordField.safeParse(password).success && 'password',
    ].filter((field) => field !== false);
    if (!name.success || fields.length > 0) throw new AppError('INVALID', { fields });
    const names = namesOf(name.data);
    if (await this.isTaken(names)) throw new AppError('NAME_TAKEN');
    const passwordHash = await this.hasher.hash(opaqueString(password));
    const row = { ...names, passwordHash, role: 'user' as const, createdAt: Date.now() };
    try {
      const userId = await this.ids.run(
        'users',
        async (manager) => Number((await manager.insert(UserEntity, { ...row })).identifiers[0]?.['id']),
        (id) => id,
      );
      return { userId, userName: row.name, role: row.role };
    } catch (cause) {
      // Two registrations of one name at once: the unique indexes let one through.
      if (await this.isTaken(names)) throw new AppError('NAME_TAKEN', { cause });
      throw cause;
    }
  }

  /** @throws {AppError} `BAD_CREDENTIALS`, after the same work whether or not the user exists. */
  async verify(userName: string, password: string): Promise<User> {
    const found = await this.findByName(userName);
    // A guest has no password: what stands in its place is no hash to compare with.
    const user = found?.role === 'guest' ? undefined : found;
    if (!(await this.matches(password, user)) || !user || this.isShutOut(user))
      throw new AppError('BAD_CREDENTIALS');
    return userOf(user);
  }

  /** Those of the users that exist, in no particular order. */
  async findByIds(userIds: readonly number[]): Promise<User[]> {
    const users = await this.users.findBy({ id: In([...userIds]) });
    return users.map(userOf);
  }

  /** Inserts an account under a given id, unless the id or the name is taken. */
  async insertWithId(
    id: number,
    userName: string,
    password: string,
    role: User['role'] = 'user',
  ): Promise<void> {
    const passwordHash = await this.hasher.hash(opaqueString(password));
    const { name, nameKey: key, nameLook: look } = namesOf(userName);
    // Written by hand: on Postgres TypeORM leaves out an id that the database can generate.
    await this.writer.run((manager) =>
      manager.query(
        `INSERT INTO users (id, name, name_key, name_look, password_hash, role, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
        [id, name, key, look, passwordHash, role, Date.now()],
      ),
    );
  }

  /** A database that was tried out with demo accounts still has them when it goes into use. */
  private isShutOut({ id }: UserEntity): boolean {
    return !this.demo && demoIds.has(id);
  }

  /** Passwords were once hashed as they were typed: those are tried too. */
  private async matches(password: string, user: UserEntity | undefined): Promise<boolean> {
    const compared = opaqueString(password);
    if (await this.hasher.matches(compared, user?.passwordHash)) return true;
    return compared !== password && (await this.hasher.matches(password, user?.passwordHash));
  }

  /**
   * The account that a name means. Accounts older than {@link nameKey} whose key another has got kept their first one, and
   * answer to their exact name.
   */
  private async findByName(userName: string): Promise<UserEntity | undefined> {
    if (!isStorable(userName)) return undefined;
    const [key, legacy] = [nameKey(userName), legacyNameKey(userName)];
    const found = await this.users.findBy({ nameKey: In([...new Set([key, legacy])]) });
    const exact = userName.normalize('NFC').trim();
    return found.find(({ name }) => name === exact) ?? found.find((user) => user.nameKey === key);
  }

  private isTaken({ nameKey: key, nameLook: look }: ReturnType<typeof namesOf>): Promise<boolean> {
    return this.users.existsBy([{ nameKey: key }, { nameLook: look }]);
  }

  private get users() {
    return this.dataSource.getRepository(UserEntity);
  }
}

const demoIds: ReadonlySet<number> = new Set(Object.values(demoAccounts.ids));
const userOf = ({ id, name, role }: UserEntity): User => ({ userId: id, userName: name, role });
const namesOf = (name: string) => ({ name, nameKey: nameKey(name), nameLook: nameLook(name) });
