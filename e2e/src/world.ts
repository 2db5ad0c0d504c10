import { eventually } from '@parley/testing';
import { expect } from 'vitest';
import { RawTcp, RawWs, type RawClient } from './raw-clients.js';
import type { AppProcess, Stack } from './stack.js';

const names = ['demo', 'demo1', 'demo2', 'demo3'];
/** Ids of the demo accounts, in the order of their names. */
const ids = [3, 4, 5, 6];

/** Who is in which room, seen from outside. */
export class World {
  tokens: string[] = [];

  private constructor(readonly stack: Stack) {}

  static async on(stack: Stack): Promise<World> {
    const world = new World(stack);
    world.tokens = await Promise.all(names.map((name) => world.stack.login(name)));
    return world;
  }

  async room(name: string): Promise<number> {
    return (await this.stack.api(this.tokens[0]).createRoom(name)).roomId;
  }

  open(transport: string, gateway: number): Promise<RawClient> {
    const { wsUrl, tcpPort } = this.stack.gateway(gateway);
    return transport === 'ws' ? RawWs.connect(wsUrl) : RawTcp.connect(tcpPort);
  }

  async join(client: RawClient, user: number, roomId: number): Promise<void> {
    const before = client.ofOp(21).length;
    client.send({ op: 20, authToken: this.tokens[user], roomId });
    await eventually(() => expect(client.ofOp(21).length).toBeGreaterThan(before));
  }

  /** One connection of a user in a room; `tcp1` is TCP to the second gateway. */
  async member(user: number, roomId: number, at: string): Promise<RawClient> {
    const client = await this.open(at.slice(0, -1), Number(at.at(-1)));
    await this.join(client, user, roomId);
    return client;
  }

  /** Count and list over HTTP: whoever looks also cleans up. */
  async overHttp(roomId: number): Promise<{ count: number; users: Record<string, string> }> {
    const { count, members } = await this.stack.api(this.tokens[0]).members(roomId);
    return { count, users: Object.fromEntries(members.map(({ userId, userName }) => [userId, userName])) };
  }

  /** Open connections of a gateway. */
  async connections(gateway: number): Promise<number> {
    const { wsUrl } = this.stack.gateway(gateway);
    const text = await (await fetch(wsUrl.replace('ws:', 'http:').replace(/ws$/, 'metrics'))).text();
    return Number(/^parley_connections (\S+)$/m.exec(text)?.[1]);
  }
}

/** Exactly these users, in the form of {@link World.overHttp}. */
export const exactly = (...users: number[]) => ({
  count: users.length,
  users: Object.fromEntries(users.map((user) => [ids[user], names[user]])),
});
/** The same as the last announcement that a member got of the room. */
export function announced(client: RawClient, roomId: number): unknown {
  const last = client.frames.filter((frame) => frame.op === 5 && frame['roomId'] === roomId).at(-1);
  return last && { count: last['count'], users: last['roomUserInfo'] };
}
export const instanceIdOf = ({ process }: AppProcess) =>
  String(/"instanceId":"([^"]+)"/.exec(process.output())?.[1]);
