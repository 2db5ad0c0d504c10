import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import WebSocket from 'ws';
import { cpuSecondsOf } from '../processes.js';
import { makeRooms } from '../rooms-in-sql.js';
import { databaseOf, sessionToken } from '../session-token.js';
import { jwtSecret, Stack } from '../stack.js';

const USAGE = `npm run join-wave -- [--members 10000] [--rooms 1000] [--watch-seconds 20] [--setting NAME=value …]

A wave of members comes into many rooms on one gateway; then every room gets a message. Starts a stack of its own from
what is built. Prints seconds, CPU seconds of the gateway and of Redis, and who was refused or missed something.`;

/** Members who are connecting at the same time. */
const AT_ONCE = 100;
/** Pause before a join that was refused for now is asked for again, milliseconds. */
const AGAIN_AFTER_MS = 500;
/** Longest time for the whole wave, milliseconds. */
const WAVE_WITHIN_MS = 300_000;
/** Rooms made here start above those that the first start makes. */
const FIRST_ROOM = 1_001;

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '10000' },
    rooms: { type: 'string', default: '1000' },
    'watch-seconds': { type: 'string', default: '20' },
    setting: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

interface Member {
  readonly socket: WebSocket;
  readonly roomId: number;
  messages: number;
}

/** Connects and joins, again and again while refused for now; rejects when refused. */
function comeIn(url: string, authToken: string, roomId: number, onRetry: () => void): Promise<Member> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const member: Member = { socket, roomId, messages: 0 };
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    const join = () => socket.send(JSON.stringify({ op: 20, roomId, authToken }));
    socket.on('open', join);
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { op: number; code?: string; retryable?: boolean };
      if (frame.op === 21) resolve(member);
      else if (frame.op === 23 && frame.retryable) {
        onRetry();
        setTimeout(join, AGAIN_AFTER_MS);
      } else if (frame.op === 23) reject(new Error(frame.code));
      else if (frame.op === 3) member.messages++;
    });
  });
}

async function main(): Promise<void> {
  if (values.help) return void console.log(USAGE);
  const [count, rooms] = [Number(values.members), Number(values.rooms)];
  const env = Object.fromEntries(values.setting.map((setting) => setting.split('=') as [string, string]));
  // All come from this machine.
  const crowd = { PARLEY_CONNECTIONS_PER_ADDRESS: String(count + 1) };
  const stack = await Stack.start({ replicas: 1, env: { ...crowd, ...env } });
  const redis = new Redis(stack.redis.url);
  const members: Member[] = [];
  try {
    const database = databaseOf(await stack.login('demo'));
    await makeRooms(
      stack,
      Array.from({ length: rooms }, (_, i) => FIRST_ROOM + i),
    );
    const gateway = stack.gateway();
    const pids = { gateway: gateway.process.pid ?? 0, redis: stack.redis.pid };
    const measure = async (what: string, job: () => Promise<unknown>) => {
      const [startedAt, ofGateway, ofRedis] = [
        performance.now(),
        cpuSecondsOf(pids.gateway),
        cpuSecondsOf(pids.redis),
      ];
      await job();
      console.log(
        `${what}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, ` +
          `gateway ${(cpuSecondsOf(pids.gateway) - ofGateway).toFixed(1)} CPU-s, ` +
          `Redis ${(cpuSecondsOf(pids.redis) - ofRedis).toFixed(1)} CPU-s`,
      );
    };

    const refusals = new Map<string, number>();
    let next = 0;
    let retries = 0;
    const deadline = performance.now() + WAVE_WITHIN_MS;
    const comeOneByOne = async () => {
      while (next < count && performance.now() < deadline) {
        const i = next++;
        await comeIn(
          gateway.wsUrl,
          sessionToken(1_000 + i, jwtSecret, database),
          FIRST_ROOM + (i % rooms),
          () => retries++,
        ).then(
          (member) => members.push(member),
          (error: Error) => refusals.set(error.message, (refusals.get(error.message) ?? 0) + 1),
        );
      }
    };
    await measure(`${count} members into ${rooms} rooms`, () =>
      Promise.all(Array.from({ length: AT_ONCE }, comeOneByOne)),
    );
    const watchSeconds = Number(values['watch-seconds']);
    await measure(`the ${watchSeconds} s after`, () => sleep(watchSeconds * 1_000));

    const told = new Set<number>();
    const heard = () => members.every(({ messages }) => messages > 0);
    await measure(`a message to each room`, async () => {
      for (const { socket, roomId } of members) {
        if (told.has(roomId)) continue;
        told.add(roomId);
        socket.send(JSON.stringify({ op: 3, roomId, msg: 'hello' }));
      }
      for (let waited = 0; waited < 60_000 && !heard(); waited += 50) await sleep(50);
    });
    const keys = await redis.keys('*:members');
    const listed = await Promise.all(keys.map((key) => redis.zcard(key)));
    console.log(
      `joined ${members.length}, asked again ${retries}, refused ${JSON.stringify(Object.fromEntries(refusals))}`,
    );
    console.log(`heard their room's message: ${members.filter(({ messages }) => messages === 1).length}`);
    console.log(`listed as online: ${listed.reduce((sum, each) => sum + each, 0)} in ${listed.length} rooms`);
    console.log(
      `still connected: ${members.filter(({ socket }) => socket.readyState === WebSocket.OPEN).length}`,
    );
  } finally {
    for (const { socket } of members) socket.on('error', () => undefined).terminate();
    redis.disconnect();
    await stack.stop();
  }
}

await main();
