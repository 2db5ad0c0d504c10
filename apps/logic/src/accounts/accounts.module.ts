import { createSecretKey } from 'node:crypto';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PasswordHasher, type Argon2Options } from './password-hasher.js';
import { SESSION_TTL_MS, TokenService } from './token.service.js';

export interface AccountsOptions {
  readonly argon2: Argon2Options;
  readonly jwtSecret: string;
  readonly sessionTtlMs: number;
}

/** Passwords and tokens, global. */
@Global()
@Module({})
export class AccountsModule {
  static forRoot({ argon2, jwtSecret, sessionTtlMs }: AccountsOptions): DynamicModule {
    return {
      module: AccountsModule,
      imports: [
        JwtModule.register({
          // Of a string every signature first tries to read a PEM key.
          secret: createSecretKey(Buffer.from(jwtSecret)),
          signOptions: { algorithm: 'HS256' },
        }),
      ],
      providers: [
        { provide: PasswordHasher, useValue: new PasswordHasher(argon2) },
        { provide: SESSION_TTL_MS, useValue: sessionTtlMs },
        TokenService,
      ],
      exports: [PasswordHasher, TokenService],
    };
  }
}
