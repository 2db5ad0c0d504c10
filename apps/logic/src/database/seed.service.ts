import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';

/** The seed's accounts. Its clients know `demo` as user 3; ids up to 100 are never given to others. */
const DEMO_ACCOUNTS = { demo: 3, demo1: 4, demo2: 5, demo3: 6 };
const DEMO_PASSWORD = '111111';

/** Injection token: whether to make the demo accounts. */
export const DEMO = Symbol('DEMO');

/** Puts the demo accounts into a database that lacks them, in development. Two processes may do so at once. */
@Injectable()
export class SeedService implements OnModuleInit {
  constructor(
    @Inject(DEMO) private readonly demo: boolean,
    @Inject(AccountsService) private readonly accounts: AccountsService,
  ) {}

  async onModuleInit(): Promise<void> {
    if (!this.demo) return;
    const present = await this.accounts.findByIds(Object.values(DEMO_ACCOUNTS));
    for (const [name, id] of Object.entries(DEMO_ACCOUNTS))
      if (!present.some(({ userId }) => userId === id))
        await this.accounts.insertWithId(id, name, DEMO_PASSWORD);
  }
}
