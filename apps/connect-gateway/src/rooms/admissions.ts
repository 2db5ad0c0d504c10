import { Inject, Injectable } from '@nestjs/common';
import { logicRpc, rpcLimits } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { RpcClient } from '@parley/rpc';

type RoomKind = 'room' | 'direct';

interface Asked {
  readonly userId: number;
  readonly roomId: number;
  readonly resolve: (kind: RoomKind) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks `logic` who may be in which room: the questions of one turn of the event loop are one call to each of its instances.
 * What cannot be answered at hand, a room that has to be read from SQL or a refusal, is asked alone, and keeps nobody else.
 */
@Injectable()
export class Admissions {
  private asked: Asked[] = [];

  constructor(@Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call' | 'instanceFor'>) {}

  /**
   * Resolves with the kind of the room when the user may be in it. It may have no position in Redis: see {@link ensureHead}.
   *
   * @throws {AppError} `ROOM_NOT_FOUND`; or the failure of the call.
   */
  admit(userId: number, roomId: number): Promise<RoomKind> {
    return new Promise((resolve, reject) => {
      if (this.asked.length === 0) setImmediate(() => this.flush());
      this.asked.push({ userId, roomId, resolve, reject });
    });
  }

  /** Has `logic` give the room a position in Redis when it has none, in the name of somebody who may be in it. */
  async ensureHead(userId: number, roomId: number): Promise<void> {
    await this.askAlone({ userId, roomId });
  }

  private flush(): void {
    const byInstance = new Map<string | undefined, Asked[]>();
    for (const asked of this.asked) {
      const instanceId = this.rpc.instanceFor(logicRpc.admit, asked.roomId);
      const others = byInstance.get(instanceId);
      if (others) others.push(asked);
      else byInstance.set(instanceId, [asked]);
    }
    this.asked = [];
    for (const group of byInstance.values())
      for (let i = 0; i < group.length; i += rpcLimits.maxAdmissionsPerCall)
        void this.ask(group.slice(i, i + rpcLimits.maxAdmissionsPerCall));
  }

  private async ask(group: readonly Asked[]): Promise<void> {
    try {
      const kinds = group.length > 1 ? await this.askTogether(group) : [];
      for (const [i, asked] of group.entries()) {
        const kind = kinds[i];
        if (kind) asked.resolve(kind);
        else this.askAlone(asked).then(asked.resolve, asked.reject);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  private async askTogether(group: readonly Asked[]): Promise<readonly (RoomKind | null)[]> {
    const asks = group.map(({ userId, roomId }) => ({ userId, roomId }));
    try {
      // All of them go to the instance that the first one goes to, and elsewhere together when it is lost.
      return (await this.rpc.call(logicRpc.admitMany, { asks }, { key: group[0]?.roomId ?? 0 })).kinds;
    } catch (error) {
      // So answers a `logic` of the version before, which does not know the call.
      if (error instanceof AppError && error.code === 'UNAVAILABLE') return [];
      throw error;
    }
  }

  private async askAlone({ userId, roomId }: Pick<Asked, 'userId' | 'roomId'>): Promise<RoomKind> {
    return (await this.rpc.call(logicRpc.admit, { userId, roomId }, { key: roomId })).kind;
  }
}
