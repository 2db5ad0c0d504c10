import type { Identity } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { digestOf } from '@parley/service-host';
import type { Connection } from '../connections/connection.js';
import type { AuthenticatorService } from './authenticator.service.js';
import type { ClientOp } from './families/family.js';
import { checkGuest } from './guest-frames.js';

/** What a frame says of itself, its sender and its room. */
interface Addressed {
  readonly op: ClientOp;
  readonly authToken?: string | undefined;
  readonly roomId?: number | undefined;
}

/** Whose turn it is: frames of one connection take effect in the order in which they came, each as its sender. */
export class FrameTurns {
  constructor(private readonly authenticator: Pick<AuthenticatorService, 'identify'>) {}

  /**
   * Who sends a frame, if he may send it at all.
   *
   * @throws {AppError} `FORBIDDEN` for what is not for guests; what `AuthenticatorService.identify` throws.
   */
  async identify(connection: Connection, { op, authToken, roomId }: Addressed): Promise<Identity> {
    const identity = await this.authenticator.identify(connection, authToken);
    checkGuest(identity, op, roomId ?? connection.currentRoomId);
    return identity;
  }

  /**
   * Hands a frame on in the order in which it came: the first frame waits for Redis, and what comes right behind it must
   * not overtake it. A send behind a join, to that room or to the one joined last, waits for the join.
   *
   * @param job - Only what has to be in order; what it waits for, later frames wait for too.
   */
  inOrder<T>(connection: Connection, frame: Addressed, job: (identity: Identity) => T): Promise<T> {
    const { authToken, roomId } = frame;
    const isKnown =
      connection.identity && (authToken === undefined || digestOf(authToken) === connection.tokenDigest);
    return connection.order.run(isKnown ? roomId : undefined, async () =>
      job(await this.identify(connection, frame)),
    );
  }
}

/** The room that a frame means. @throws {AppError} `NOT_JOINED` when it names none and none was joined. */
export function roomOf(connection: Connection, roomId: number | undefined): number {
  const id = roomId ?? connection.currentRoomId;
  if (id === undefined) throw new AppError('NOT_JOINED');
  return id;
}
