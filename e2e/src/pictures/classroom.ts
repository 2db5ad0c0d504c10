import { eventually } from '@parley/testing';
import { RawWs } from '../raw-clients.js';
import type { Stack } from '../stack.js';
import { post } from '../web/pages.js';
import { people, type PicturedRoom } from './conversation.js';

/** Password of everybody in the pictures. */
export const password = 'for a picture only';

/** The people of the pictures and their rooms, on a Parley of their own. */
export class Classroom {
  readonly #tokens = new Map<string, string>();
  readonly #rooms = new Map<PicturedRoom, number>();
  readonly #present: RawWs[] = [];

  private constructor(private readonly stack: Stack) {}

  /** Registers everybody, one after another: ids follow the order. */
  static async on(stack: Stack): Promise<Classroom> {
    const classroom = new Classroom(stack);
    for (const name of people)
      classroom.#tokens.set(name, (await stack.api().register(name, password)).token);
    return classroom;
  }

  async makeRoom(room: PicturedRoom): Promise<void> {
    const { roomId } = await this.stack.api(this.tokenOf(people[0])).createRoom(room.name);
    this.#rooms.set(room, roomId);
  }

  /** @throws {Error} for a room that was not made. */
  idOf(room: PicturedRoom): number {
    const id = this.#rooms.get(room);
    if (id === undefined) throw new Error(`${room.name} was not made`);
    return id;
  }

  /** Lets everybody say what they say in a room, in order. */
  async play(room: PicturedRoom): Promise<void> {
    for (const { by, text } of room.lines) await post(this.stack, this.tokenOf(by), this.idOf(room), text);
  }

  /** Somebody comes to a room without a page, and stays. */
  async enter(name: string, room: PicturedRoom): Promise<void> {
    const client = await RawWs.connect(this.stack.gateway(0).wsUrl);
    this.#present.push(client);
    client.send({ op: 20, authToken: this.tokenOf(name), roomId: this.idOf(room) });
    await client.waitFor(({ op }) => op === 21);
  }

  /** Waits until the list of rooms has people in one room alone. */
  async nobodyElsewhere(room: PicturedRoom): Promise<void> {
    const api = this.stack.api(this.tokenOf(people[0]));
    await eventually(
      async () => {
        const full = (await api.rooms()).filter(({ online }) => online > 0).map(({ name }) => name);
        if (full.some((name) => name !== room.name)) throw new Error(`there are people in ${full.join()}`);
      },
      { timeoutMs: 30_000 },
    );
  }

  close(): void {
    for (const client of this.#present) client.close();
  }

  /** @throws {Error} for who is not among the people. */
  tokenOf(name: string): string {
    const token = this.#tokens.get(name);
    if (token === undefined) throw new Error(`${name} is not among the people`);
    return token;
  }
}
