import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { AppConfig } from '@parley/config';
import { ERROR_LOG } from '../error-log.js';
import { AccountsService } from './accounts.service.js';
import type { ErrorLog } from '@parley/observability';

/** Injection token: the admin that a database begins with. */
export const FIRST_ADMIN = Symbol('FIRST_ADMIN');

/** Of the ids that are never given to others. Whoever has it was made here, whatever the name and password are today. */
const FIRST_ADMIN_ID = 1;

/**
 * Makes an admin at the first start, when a password was set for one. Later starts change nothing: the setting may stay, and
 * does not undo what became of the account. Two processes may do so at once.
 */
@Injectable()
export class FirstAdminService implements OnModuleInit {
  constructor(
    @Inject(FIRST_ADMIN) private readonly firstAdmin: AppConfig<'logic'>['firstAdmin'],
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(ERROR_LOG) private readonly errors: ErrorLog,
  ) {}

  async onModuleInit(): Promise<void> {
    const { name, password } = this.firstAdmin;
    if (!password || (await this.exists())) return;
    await this.accounts.insertWithId(FIRST_ADMIN_ID, name, password.reveal(), 'admin');
    if (!(await this.exists()))
      this.errors(new Error('the name is taken: set PARLEY_FIRST_ADMIN_NAME'), 'first admin');
  }

  private async exists(): Promise<boolean> {
    return (await this.accounts.findByIds([FIRST_ADMIN_ID])).length > 0;
  }
}
