import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { demoAccounts } from '@parley/config';
import { AccountsService } from './accounts.service.js';
import { DEMO } from './demo.js';

/** Puts the demo accounts into a database that lacks them, in development. Ids up to 100 are never given to others. Two processes may do so at once. */
@Injectable()
export class SeedService implements OnModuleInit {
  constructor(
    @Inject(DEMO) private readonly demo: boolean,
    @Inject(AccountsService) private readonly accounts: AccountsService,
  ) {}

  async onModuleInit(): Promise<void> {
    if (!this.demo) return;
    const { ids, password } = demoAccounts;
    const present = await this.accounts.findByIds(Object.values(ids));
    for (const [name, id] of Object.entries(ids))
      if (!present.some(({ userId }) => userId === id)) await this.accounts.insertWithId(id, name, password);
  }
}
