import { eventually, startTcpProxy, type TcpProxy } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from './raw-clients.js';
import { Stack, type AppProcess } from './stack.js';

/** Between two looks of the gateway whose position check is on, milliseconds: the default. */
const CHECK_MS = 3_000;
/** What a busy machine may add to two intervals, and less than a third one. */
const SLACK_MS = 2_500;
/** An accepted message is shown within this time however busy the machine is, milliseconds. */
const ON_ITS_WAY_MS = 1_400;
/** Of the workers here, milliseconds: a gateway that is paused fails soon. */
const DELIVER_DEADLINE_MS = 500;
const OFF_MS = '3600000';
/** Leases of the workers here, and of gateways without a check, milliseconds: very different ones may be set side by side. */
const WORKER_LEASE_MS = 2_000;
const GATEWAY_LEASE_MS = 30_000;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/**
 * Several nets are under every message, and each hides what is wrong with the others. Here all but one are taken away, by
 * settings and by what runs at all. Everything is sent over HTTP unless said otherwise: no gateway knows that it should come.
 */
describe('each net holds alone', { timeout: 120_000 }, () => {
  let stack: Stack;
  let token: string;
  let redis: Redis;
  let proxy: TcpProxy;
  /** Has only its position check. */
  let checking: AppProcess;
  /** Have no position check. */
  let blind: AppProcess[];
  /** Has none either, and reaches Redis through a network that can be cut. */
  let cut: AppProcess;

  beforeAll(async () => {
    stack = await Stack.start({
      replicas: 0,
      env: {
        PARLEY_CONNECTIONS_PER_USER: '1000',
        PARLEY_SENDS_PER_SECOND: '1000',
        PARLEY_SEND_BURST: '1000',
        PARLEY_HINTS: 'false',
        // Who is cut off from Redis is then reached by nobody.
        PARLEY_LINK_DIR: 'off',
      },
    });
    redis = new Redis(stack.redis.url);
    proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: stack.redis.port } });
    [checking, cut, ...blind] = await Promise.all([
      stack.spawn('connect-gateway', { PARLEY_POSITION_CHECK_MS: String(CHECK_MS) }),
      gatewayWithoutCheck({ PARLEY_REDIS_URL: `redis://127.0.0.1:${proxy.port}` }),
      gatewayWithoutCheck(),
      gatewayWithoutCheck(),
      stack.spawn('logic'),
      stack.spawn('gateway-api'),
    ]);
    blind = blind.slice(0, 2);
    token = await stack.login('demo');
  });
  afterAll(async () => {
    redis?.disconnect();
    await stack?.stop();
    await proxy?.close();
  });

  /** It outlives every pause here: a gateway that is gone is given nothing any more, which is not what is looked at. */
  const gatewayWithoutCheck = (env: Record<string, string> = {}) =>
    stack.spawn('connect-gateway', {
      PARLEY_POSITION_CHECK_MS: OFF_MS,
      PARLEY_REGISTRY_LEASE_TTL_MS: String(GATEWAY_LEASE_MS),
      PARLEY_DRAIN_WINDOW_MS: '1500',
      ...env,
    });
  const room = async (name: string) => (await stack.api(token).createRoom(name)).roomId;
  async function member(
    { ports }: AppProcess,
    roomId: number,
    at: 'ws' | 'tcp' = 'ws',
    resume: object = {},
  ): Promise<RawClient> {
    const client =
      at === 'ws'
        ? await RawWs.connect(`ws://127.0.0.1:${ports['ws']}/ws`)
        : await RawTcp.connect(ports['tcp'] ?? 0);
    client.send({ op: 20, authToken: token, roomId, ...resume });
    await client.waitFor(({ op }) => op === 21);
    return client;
  }
  /** Sends over HTTP until it is acknowledged. */
  const say = (roomId: number, msg: string) =>
    eventually(
      () => stack.api(token).send(roomId, msg, { idempotencyKey: `${roomId}-${msg}`.replace(/\W/g, '-') }),
      {
        timeoutMs: 20_000,
      },
    );
  async function sayAll(roomId: number, texts: readonly string[]): Promise<void> {
    for (const text of texts) await say(roomId, text);
  }
  const shows = (clients: readonly RawClient[], texts: readonly string[], timeoutMs: number) =>
    eventually(
      () => {
        for (const client of clients) expect(client.texts()).toEqual(texts);
      },
      { timeoutMs },
    );
  /** What was shown before the answer to a question. */
  async function shownSoFar(client: RawClient): Promise<unknown[]> {
    const ref = `so far ${client.frames.length}`;
    client.send({ op: 28, ref });
    await client.waitFor((frame) => frame.op === 29 && frame['ref'] === ref);
    return client.texts();
  }
  const close = (...clients: readonly RawClient[]) => clients.forEach((client) => client.close());

  describe('without dispatch: no task-worker runs', () => {
    it('the position check shows every member everything within two intervals', async () => {
      const roomId = await room('checked');
      const here = await Promise.all([member(checking, roomId), member(checking, roomId, 'tcp')]);
      const elsewhere = await member(blind[0] as AppProcess, roomId);
      for (const [first, last] of [
        [1, 5],
        [6, 12],
      ] as const) {
        await sayAll(roomId, range(first, last).map(String));
        await shows(here, range(1, last).map(String), 2 * CHECK_MS + SLACK_MS);
      }
      for (const client of here) expect(client.seqs()).toEqual(range(1, 12));
      // The proof that it was this net: nothing came where it is not.
      expect(await shownSoFar(elsewhere)).toEqual([]);
      close(...here, elsewhere);
    });

    it('a reconnect to Redis shows everything at once, however far away the next check is', async () => {
      const roomId = await room('cut off');
      const here = await Promise.all([member(cut, roomId), member(cut, roomId, 'tcp')]);
      const elsewhere = await member(blind[0] as AppProcess, roomId);
      await proxy.cut();
      await sayAll(roomId, ['1', '2', '3']);
      for (const client of here) expect(await shownSoFar(client)).toEqual([]);
      await proxy.restore();
      await shows(here, ['1', '2', '3'], 10_000);
      expect(await shownSoFar(elsewhere)).toEqual([]);
      close(...here, elsewhere);
    });

    it('the position check has a lost head made anew, and tells every member of the new epoch', async () => {
      const roomId = await room('headless');
      await say(roomId, 'before');
      const here = await member(checking, roomId, 'tcp');
      const elsewhere = await member(blind[0] as AppProcess, roomId);
      const [head] = await redis.keys(`${stack.redisPrefix}*room:${roomId}:head`);
      const epoch = await redis.hget(String(head), 'epoch');
      await redis.del(String(head));
      // Nobody sends and nobody joins: only who looks can miss it.
      const made = await eventually(
        async () => {
          const found = await redis.hget(String(head), 'epoch');
          expect(found).toEqual(expect.any(String));
          return found;
        },
        { timeoutMs: CHECK_MS + SLACK_MS },
      );
      expect(made).not.toBe(epoch);
      const told = await here.waitFor(({ op }) => op === 24, CHECK_MS + SLACK_MS);
      expect(told).toMatchObject({ roomId, epoch: made, reason: 'epoch' });
      await shownSoFar(elsewhere);
      expect(elsewhere.ofOp(24)).toEqual([]);
      close(here, elsewhere);
    });

    it('the position check goes over to an epoch that began without it, at the next look', async () => {
      const roomId = await room('begun anew');
      const here = await Promise.all([member(checking, roomId), member(checking, roomId, 'tcp')]);
      const elsewhere = await member(blind[0] as AppProcess, roomId);
      const { epoch: old } = await say(roomId, 'before');
      await shows(here, ['before'], 2 * CHECK_MS + SLACK_MS);
      const [head] = await redis.keys(`${stack.redisPrefix}*room:${roomId}:head`);
      await redis.del(String(head));
      const { seq, epoch } = await say(roomId, 'after');
      expect(epoch).not.toBe(old);
      for (const client of here) {
        const told = await client.waitFor(({ op }) => op === 24, CHECK_MS + SLACK_MS);
        expect(told).toMatchObject({ roomId, epoch, reason: 'epoch', from: 2 });
        // What it is told to read has it.
        expect(told['to']).toBeGreaterThanOrEqual(seq);
      }
      await say(roomId, 'and on');
      await shows(here, ['before', 'and on'], 2 * CHECK_MS + SLACK_MS);
      await shownSoFar(elsewhere);
      expect(elsewhere.ofOp(24)).toEqual([]);
      close(...here, elsewhere);
    });

    it('what a sender was told to be accepted is looked for on his gateway, and nowhere else', async () => {
      const roomId = await room('expected');
      const [one, other] = blind as [AppProcess, AppProcess];
      const here = await Promise.all([member(one, roomId), member(one, roomId, 'tcp')]);
      const elsewhere = await member(other, roomId);
      for (const i of range(1, 3)) here[0].send({ op: 3, roomId, msg: `mine ${i}`, ref: i });
      await here[0].waitFor(({ op, ref }) => op === 22 && ref === 3);
      await shows(here, ['mine 1', 'mine 2', 'mine 3'], 10_000);
      expect(await shownSoFar(elsewhere)).toEqual([]);
      close(...here, elsewhere);
    });

    it('a resume brings what was missed, on whatever gateway', async () => {
      const roomId = await room('resumed');
      const [one, other] = blind as [AppProcess, AppProcess];
      const before = await say(roomId, 'before');
      close(await member(one, roomId));
      await sayAll(roomId, ['1', '2', '3']);
      const { seq, epoch } = before;
      for (const [gateway, at] of [
        [other, 'tcp'],
        [one, 'ws'],
      ] as const) {
        const again = await member(gateway, roomId, at, { lastSeq: seq, epoch });
        expect(again.ofOp(21)[0]).toMatchObject({ resumed: true, seq });
        await shows([again], ['1', '2', '3'], 10_000);
        close(again);
      }
    });
  });

  describe('without a position check: task-workers run', () => {
    const leases = {
      PARLEY_REGISTRY_LEASE_TTL_MS: String(WORKER_LEASE_MS),
      PARLEY_REGISTRY_HEARTBEAT_INTERVAL_MS: '500',
      PARLEY_SHARD_LEASE_TTL_MS: '1500',
      PARLEY_DELIVER_DEADLINE_MS: String(DELIVER_DEADLINE_MS),
    };
    /** Entries of all dispatch streams that workers have been given and have not confirmed. */
    async function inHand(): Promise<number> {
      const counts = (await redis.keys(`${stack.redisPrefix}*:dispatch`)).map(async (key) => {
        const [count] = (await redis.xpending(key, 'dispatch')) as [number];
        return count;
      });
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    }
    /** Calls to gateways that have failed, as far as the workers have said so: a line stands for five seconds. */
    const failedCalls = () =>
      stack
        .of('task-worker')
        .flatMap(({ process }) => process.lines())
        .filter(({ text }) => text.includes('"where":"deliver"')).length;
    const newWorker = () => stack.spawn('task-worker', leases);
    beforeAll(async () => {
      await Promise.all([newWorker(), newWorker()]);
    });

    it('dispatch shows everything through handovers: killed, told to stop, and paused past its leases', async () => {
      // In several shards: whichever worker is hit, it has some of them.
      const roomIds = await Promise.all(range(1, 6).map((i) => room(`handed over ${i}`)));
      const members = await Promise.all(
        roomIds.map((roomId, i) =>
          Promise.all([
            member(blind[0] as AppProcess, roomId, i % 2 ? 'ws' : 'tcp'),
            member(blind[1] as AppProcess, roomId),
          ]),
        ),
      );
      const texts: string[] = [];
      const sayEverywhere = async (text: string) => {
        texts.push(text);
        await Promise.all(roomIds.map((roomId) => say(roomId, text)));
      };
      const everywhere = () => shows(members.flat(), texts, 30_000);
      await sayEverywhere('in the beginning');
      await everywhere();
      const [first, second] = stack.of('task-worker') as [AppProcess, AppProcess];
      await first.process.kill9();
      await sayEverywhere('one was killed');
      await everywhere();
      await newWorker();
      await sayEverywhere('another has come');
      await second.process.terminate();
      await sayEverywhere('one has stopped');
      await everywhere();
      await newWorker();
      const [stale] = stack.of('task-worker') as [AppProcess];
      await sayEverywhere('before the pause');
      stale.process.pause();
      await sayEverywhere('one is paused');
      // Its shards have gone to the other one by then.
      await everywhere();
      stale.process.resume();
      await sayEverywhere('it is awake');
      await everywhere();
      for (const client of members.flat()) expect(client.seqs()).toEqual(range(1, texts.length));
      close(...members.flat());
    });

    it('dispatch repeats what a gateway could not take', async () => {
      const roomId = await room('repeated');
      const [one, other] = blind as [AppProcess, AppProcess];
      const slow = await Promise.all([member(one, roomId), member(one, roomId, 'tcp')]);
      const prompt = await member(other, roomId);
      const before = failedCalls();
      one.process.pause();
      try {
        await sayAll(roomId, ['1', '2', '3']);
        // It holds up nobody else.
        await shows([prompt], ['1', '2', '3'], 10_000);
        // Shown to others, and not confirmed: the calls to the one that is paused have failed.
        await eventually(() => expect(failedCalls()).toBeGreaterThan(before), {
          timeoutMs: 30_000,
        });
        expect(await inHand()).toBeGreaterThanOrEqual(3);
      } finally {
        one.process.resume();
      }
      await shows(slow, ['1', '2', '3'], 20_000);
      close(...slow, prompt);
    });

    it('dispatch follows a member to another gateway, from one that was killed', async () => {
      const roomId = await room('moved');
      const dying = await gatewayWithoutCheck();
      const before = await member(dying, roomId);
      const stays = await member(blind[0] as AppProcess, roomId);
      await say(roomId, 'before');
      await shows([before, stays], ['before'], 20_000);
      await dying.process.kill9();
      const moved = await Promise.all([
        member(blind[1] as AppProcess, roomId),
        member(blind[1] as AppProcess, roomId, 'tcp'),
      ]);
      await sayAll(roomId, ['1', '2']);
      // The dead one's lease lives on for a while: it holds up nobody.
      await shows(moved, ['1', '2'], 10_000);
      await shows([stays], ['before', '1', '2'], 10_000);
      close(...moved, stays);
    });

    it('a goaway sends nobody away before the time that it names: until then everything is shown', async () => {
      const roomId = await room('sent away');
      const leaving = await gatewayWithoutCheck({ PARLEY_DRAIN_WINDOW_MS: '3000' });
      const old = await Promise.all(range(1, 16).map((i) => member(leaving, roomId, i % 2 ? 'ws' : 'tcp')));
      const ackedAt = new Map<number, number>();
      let isOver = false;
      const talking = (async () => {
        while (!isOver) {
          const { seq } = await say(roomId, String(ackedAt.size));
          ackedAt.set(seq, performance.now());
        }
      })();
      const exit = leaving.process.terminate(10_000);
      const served = await Promise.all(
        old.map(async (client) => {
          const { reconnectAfterMs } = await client.waitFor(({ op }) => op === 25);
          const toldAt = performance.now();
          const until = toldAt + Number(reconnectAfterMs) - ON_ITS_WAY_MS;
          await client.waitForClose();
          // Nobody resumes, nobody looks: what it has, it was given.
          const due = [...ackedAt].filter(([, at]) => at < until).map(([seq]) => seq);
          expect(client.seqs().slice(0, due.length)).toEqual(due);
          return due.filter((seq) => (ackedAt.get(seq) ?? 0) > toldAt).length;
        }),
      );
      isOver = true;
      await talking;
      expect(await exit).toEqual({ code: 0, signal: null });
      // Sixteen draws of a uniform delay: that none is in the longer half happens once in 65,536 runs.
      expect(Math.max(...served)).toBeGreaterThan(0);
    });
  });
});
