import { Global, Module, type DynamicModule } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { SigningKeys } from '@parley/service-host';
import { DEMO } from './demo.js';
import { PasswordHasher, type Argon2Options } from './password-hasher.js';
import { SESSION_TTL_MS, TokenService } from './token.service.js';

export interface AccountsOptions {
  readonly argon2: Argon2Options;
  /** The one that signs is used. */
  readonly keys: SigningKeys;
  readonly sessionTtlMs: number;
  /** Whether there are demo accounts, whose password everybody knows. */
  readonly demo: boolean;
}

/** Passwords and tokens, global. */
@Global()
@Module({})
export class AccountsModule {
  static forRoot({ argon2, keys, sessionTtlMs, demo }: AccountsOptions): DynamicModule {
    return {
      module: AccountsModule,
      providers: [
        { provide: JwtService, useValue: keys.signing.jwt },
        { provide: PasswordHasher, useValue: new PasswordHasher(argon2) },
        { provide: DEMO, useValue: demo },
        { provide: SESSION_TTL_MS, useValue: sessionTtlMs },
        TokenService,
      ],
      exports: [DEMO, JwtService, PasswordHasher, TokenService],
    };
  }
}
