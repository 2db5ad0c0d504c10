import { Inject, Injectable } from '@nestjs/common';
import { logicRpc } from '@parley/contracts';
import type { Session } from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { PasswordCaller } from '../http/caller-address.js';
import { FairQueue } from '../http/fair-queue.js';
import { RateLimits } from '../http/rate-limits.js';

export interface Credentials {
  readonly userName: string;
  readonly password: string;
}

/**
 * How passwords wait to be hashed, which takes a core tens of milliseconds each. Under way: more than a few instances of
 * `logic` hash at a time, few enough for it to answer long before the deadline. Waiting: three classes behind one address,
 * and others; at 25 ms each on two cores a thousand take 13 s. Judgement.
 */
const QUEUE = { atOnce: 16, waitingPerCaller: 1_000, waiting: 4_000, waitMs: 45_000 };

/** Log-in and registration, for both APIs: counted, in line, and then logic's. */
@Injectable()
export class CredentialsService {
  private readonly queue = new FairQueue(QUEUE);

  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  /** @throws {AppError} `BAD_CREDENTIALS`, `RATE_LIMITED`, `OVERLOADED`. */
  login({ address, isHere }: PasswordCaller, credentials: Credentials): Promise<Session> {
    const ask = () => this.rpc.call(logicRpc.login, credentials);
    return this.limits.login(address, credentials.userName, () => this.queue.run(address, ask, isHere));
  }

  /** @throws {AppError} `INVALID`, `NAME_TAKEN`, `RATE_LIMITED`, `OVERLOADED`. */
  register({ address, isHere }: PasswordCaller, credentials: Credentials): Promise<Session> {
    const ask = () => this.rpc.call(logicRpc.register, credentials);
    return this.limits.registration(address, () => this.queue.run(address, ask, isHere));
  }
}
