import { eventually } from '@parley/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from './raw-clients.js';
import { Stack } from './stack.js';

/** What the product promises: connections of another database's users are closed in this time. */
const CLOSED_WITHIN_MS = 1_000;
const ended = { code: 4500, reason: 'UNAUTHENTICATED' };

/** The database is replaced beside a Redis that goes on, and comes back. */
describe('a database of its own life', { timeout: 90_000 }, () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ replicas: 1 });
  });
  afterAll(() => stack.stop());

  /** Ends logic, and starts it with this database. */
  async function serve(file: string): Promise<void> {
    for (const { process: running } of stack.of('logic')) await running.terminate(8_000);
    await stack.spawn('logic', { PARLEY_DATABASE_URL: `sqlite:${join(stack.dataDir, file)}` });
  }
  async function member(token: string, at: 'ws' | 'tcp', roomId: number): Promise<RawClient> {
    const { wsUrl, tcpPort } = stack.gateway();
    const client = at === 'ws' ? await RawWs.connect(wsUrl) : await RawTcp.connect(tcpPort);
    client.send({ op: 20, authToken: token, roomId });
    await client.waitFor(({ op }) => op === 21);
    return client;
  }
  /** Logs in as soon as the API has found the logic that was started last. */
  const login = () => eventually(() => stack.login('demo'));
  const texts = async (token: string, roomId: number) =>
    (await stack.api(token).history(roomId)).messages.map(({ msg }) => msg);

  // The new database's first room had the old one's messages, and tokens of the old one were those of its users.
  it('shows nothing of another one, ends its tokens and connections, and has everything when it is back', async () => {
    await serve('first.sqlite3');
    const old = await login();
    const { roomId } = await stack.api(old).createRoom('secrets');
    const [ws, tcp] = [await member(old, 'ws', roomId), await member(old, 'tcp', roomId)];
    ws.send({ op: 3, msg: 'secret', roomId });
    await tcp.waitFor(({ op }) => op === 3);

    await serve('second.sqlite3');
    for (const client of [ws, tcp]) expect(await client.waitForClose(CLOSED_WITHIN_MS)).toEqual(ended);
    const token = await login();
    await expect(stack.api(old).me()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    for (const late of [
      await RawWs.connect(stack.gateway().wsUrl),
      await RawTcp.connect(stack.gateway().tcpPort),
    ]) {
      late.send({ op: 20, authToken: old, roomId });
      expect(await late.waitForClose()).toEqual(ended);
    }
    await expect(texts(token, roomId)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    const other = await stack.api(token).createRoom('others');
    expect(other.roomId).toBeGreaterThan(roomId);
    const here = await member(token, 'ws', other.roomId);
    here.send({ op: 3, msg: 'new', roomId: other.roomId });
    await here.waitFor(({ op }) => op === 3);
    expect(await texts(token, other.roomId)).toEqual(['new']);

    await serve('first.sqlite3');
    expect(await here.waitForClose(CLOSED_WITHIN_MS)).toEqual(ended);
    const back = await login();
    await eventually(async () => expect(await texts(back, roomId)).toEqual(['secret']));
    const again = await member(back, 'ws', roomId);
    again.send({ op: 3, msg: 'more', roomId });
    await eventually(async () => expect(await texts(back, roomId)).toEqual(['secret', 'more']));
    expect(ws.ofOp(3).map(({ msg }) => msg)).toEqual(['secret']);
  });
});
