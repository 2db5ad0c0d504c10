import { eventually } from '@parley/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from './raw-clients.js';
import { Copies, sqlKinds, type EmptyDatabase, type SqlKind } from './sql-copies.js';
import { Stack } from './stack.js';

const RATE_MS = 10;
/** A slow machine needs seconds for one command, or for one log-in. */
const PATIENT = { timeoutMs: 60_000 };
/** Numbers that are reserved at once: those after a loss of Redis are above. */
const JUMP = 100_000;
const fast = { PARLEY_SENDS_PER_SECOND: '1000', PARLEY_SEND_BURST: '1000', PARLEY_ARGON2_MEMORY_KIB: '1024' };

/** Says something every few milliseconds, and keeps what was acknowledged. */
class Talker {
  private readonly timer: NodeJS.Timeout;
  private count = 0;

  private constructor(
    private readonly client: RawClient,
    private readonly roomId: number,
    label: string,
  ) {
    this.timer = setInterval(() => {
      const id = `${label}-${++this.count}`;
      client.send({ op: 3, roomId, msg: id, clientMsgId: id });
    }, RATE_MS);
  }

  static start(client: RawClient, roomId: number, label: string): Talker {
    return new Talker(client, roomId, label);
  }

  /** Texts by their acknowledged numbers. */
  get acknowledged(): Map<number, string> {
    const acks = this.client.ofOp(22).filter(({ roomId }) => roomId === this.roomId);
    return new Map(acks.map(({ seq, clientMsgId }) => [Number(seq), String(clientMsgId)]));
  }

  /** Resolves when so many more have been acknowledged. */
  async more(count: number): Promise<void> {
    const before = this.acknowledged.size;
    await eventually(() => expect(this.acknowledged.size).toBeGreaterThanOrEqual(before + count), PATIENT);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

async function join(stack: Stack, at: 'ws' | 'tcp', frame: object): Promise<RawClient> {
  const { wsUrl, tcpPort } = stack.gateway();
  const client = at === 'ws' ? await RawWs.connect(wsUrl) : await RawTcp.connect(tcpPort);
  client.send({ op: 20, ...frame });
  await client.waitFor(({ op }) => op === 21);
  return client;
}

/** All messages of a room, as texts by number. */
async function history(stack: Stack, token: string, roomId: number): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (let after = 0; ;) {
    const { messages, more } = await stack.api(token).history(roomId, { after, limit: 200 });
    for (const { seq, msg } of messages) found.set(seq, msg ?? '');
    after = messages.at(-1)?.seq ?? after;
    if (!more) return found;
  }
}

const registered = (stack: Stack, userName: string) => stack.api().register(userName, 'backup password');
const register = async (stack: Stack, userName: string) => (await registered(stack, userName)).token;
const highest = (numbers: Iterable<number>) => Math.max(0, ...numbers);

function suite(kind: SqlKind): void {
  const copies = new Copies();
  let ends: (() => unknown)[];
  let database: EmptyDatabase;

  const emptyDatabase = async () => {
    const made = await kind.start();
    ends.push(() => made.stop());
    return made;
  };
  const parleyOn = async ({ url }: EmptyDatabase) => {
    const stack = await Stack.start({ replicas: 1, env: { ...fast, PARLEY_DATABASE_URL: url } });
    ends.push(() => stack.stop());
    return stack;
  };
  beforeEach(async () => {
    ends = [];
    database = await emptyDatabase();
  });
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
  });
  afterAll(() => copies.remove());

  it('made while people talk brings back all that was archived, when everything else is gone', async () => {
    const stack = await parleyOn(database);
    const emptyRedis = stack.redis.copyFiles();
    const lost = await register(stack, 'ada');
    const { roomId } = await eventually(() => stack.api(lost).createRoom('kept'), PATIENT);
    const ws = await join(stack, 'ws', { authToken: lost, roomId });
    const talker = Talker.start(ws, roomId, 'm');
    await talker.more(50);
    const before = await stack.api(lost).history(roomId, { after: 0, limit: 200 });
    const surely = before.messages.map(({ seq }) => seq);
    const file = await eventually(() => copies.make(database.url), PATIENT);
    await talker.more(50);
    const late = await register(stack, 'late');
    // A number given out after the copy is far above what SQL had reserved in it, when Redis was lost meanwhile.
    await stack.redis.kill();
    stack.redis.restoreFiles(emptyRedis);
    await stack.redis.restart();
    await eventually(() => expect(highest(talker.acknowledged.keys())).toBeGreaterThan(JUMP), PATIENT);
    talker.stop();
    const acknowledged = talker.acknowledged;
    const epoch = String(ws.ofOp(22)[0]?.['epoch']);
    await Promise.all(stack.apps.map(({ process: running }) => running.kill9()));
    await stack.stop();
    await database.stop();

    const another = await emptyDatabase();
    await copies.restore(file, another.url);
    await expect(copies.restore(file, another.url)).rejects.toThrow(/is there|already exists/);
    const restored = await parleyOn(another);
    // The ids of those who came after the copy are given again: nobody may come in with their tokens.
    for (const token of [lost, late])
      await expect(restored.api(token).me()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await register(restored, 'eve');
    const token = await restored.login('ada', 'backup password');
    const kept = await history(restored, token, roomId);
    // What was acknowledged, from the first message on and without a hole.
    expect([...kept]).toEqual([...acknowledged].slice(0, kept.size));
    for (const seq of surely) expect(kept.has(seq)).toBe(true);

    const lastSeq = highest(acknowledged.keys());
    for (const at of ['ws', 'tcp'] as const) {
      const client = await join(restored, at, { authToken: token, roomId, lastSeq, epoch });
      const joined = client.ofOp(21)[0];
      expect(joined).toMatchObject({ resumed: false });
      expect(joined?.['epoch']).not.toBe(epoch);
      client.send({ op: 3, roomId, msg: at, clientMsgId: `after-${at}` });
      const ack = await client.waitFor(({ op }) => op === 22);
      expect(ack['epoch']).toBe(joined?.['epoch']);
      expect(Number(ack['seq'])).toBeGreaterThan(highest(acknowledged.keys()));
    }
    await eventually(
      async () =>
        expect([...(await history(restored, token, roomId)).values()]).toEqual([
          ...kept.values(),
          'ws',
          'tcp',
        ]),
      PATIENT,
    );
  });

  it('comes back beside the Redis that went on: nothing is shown twice, no id and no number is given again', async () => {
    const stack = await parleyOn(database);
    const token = await register(stack, 'ada');
    const { roomId } = await eventually(() => stack.api(token).createRoom('kept'), PATIENT);
    const ws = await join(stack, 'ws', { authToken: token, roomId });
    const talker = Talker.start(ws, roomId, 'm');
    await talker.more(20);
    const file = await copies.make(database.url);
    await talker.more(20);
    const late = await registered(stack, 'late');
    talker.stop();
    for (const { process: running } of stack.of('logic')) await running.terminate(8_000);

    const another = await emptyDatabase();
    await copies.restore(file, another.url);
    await stack.spawn('logic', { PARLEY_DATABASE_URL: another.url });
    expect(await ws.waitForClose()).toEqual({ code: 4500, reason: 'UNAUTHENTICATED' });
    const eve = await registered(stack, 'eve');
    expect(eve.user.userId).toBeGreaterThan(late.user.userId);
    const again = await eventually(() => stack.login('ada', 'backup password'), PATIENT);
    const [lastSeq, epoch] = [highest(talker.acknowledged.keys()), String(ws.ofOp(22)[0]?.['epoch'])];
    const client = await join(stack, 'ws', { authToken: again, roomId, lastSeq, epoch });
    expect(client.ofOp(21)[0]).toMatchObject({ resumed: false });
    client.send({ op: 3, roomId, msg: 'after', clientMsgId: 'after' });
    expect(Number((await client.waitFor(({ op }) => op === 22))['seq'])).toBeGreaterThan(lastSeq);
    await eventually(
      async () =>
        expect([...(await history(stack, again, roomId)).values()]).toEqual([
          ...talker.acknowledged.values(),
          'after',
        ]),
      PATIENT,
    );
  });
}

for (const kind of sqlKinds)
  describe.skipIf(kind.missing)(`a backup of ${kind.name}`, { timeout: 240_000 }, () => suite(kind));
