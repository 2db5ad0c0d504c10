import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import WebSocket from 'ws';
import { cpuSecondsOf } from '../processes.js';
import { makeRooms } from '../rooms-in-sql.js';
import { databaseOf, sessionToken } from '../session-token.js';
import { jwtSecret, Stack } from '../stack.js';

const USAGE = `npm run live-lists -- [--watchers 0,10,100,1000] [--rooms 100] [--changes 5] [--seconds 20]

What it costs to tell whoever is online what changes in the list of rooms: so many watchers, and so many changes a second of
who is online in one room after the other. Starts a stack of its own, two of each app, from what is built. Prints, for each number of
watchers, Redis commands a second, CPU of the back end and what each watcher is sent.`;

const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '0,10,100,1000' },
    rooms: { type: 'string', default: '100' },
    changes: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});
/** Rooms made here start above those that the first start makes. */
const FIRST_ROOM = 1_001;
/** What was begun before, joins and announcements, is over by then, milliseconds. */
const SETTLE_MS = 5_000;
/** Between two rooms that are used for the first time, milliseconds. */
const PAUSE_MS = 100;
/** Who moves from room to room has another id than the watchers. */
const MOVER = 900_000;

/** What one connection was told of the lists. */
interface Told {
  frames: number;
  bytes: number;
}

/** Joins a room; resolves when it has. */
async function comeIn(url: string, authToken: string, roomId: number): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ op: 20, roomId, authToken })));
    socket.on('message', (data) => {
      if ((JSON.parse(String(data)) as { op: number }).op === 21) resolve();
    });
  });
  return socket;
}

/** Calls of all commands so far, scripts and what they call included. */
async function commandsOf(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_[^:]+:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

async function main(): Promise<void> {
  if (values.help) return void console.log(USAGE);
  const [rooms, changes, seconds] = [values.rooms, values.changes, values.seconds].map(Number) as [
    number,
    number,
    number,
  ];
  const steps = values.watchers.split(',').map(Number);
  const most = Math.max(...steps);
  const stack = await Stack.start({ env: { PARLEY_CONNECTIONS_PER_ADDRESS: String(most + 10) } });
  const redis = new Redis(stack.redis.url);
  const watchers: { readonly socket: WebSocket; readonly told: Told }[] = [];
  try {
    const database = databaseOf(await stack.login('demo'));
    const roomIds = Array.from({ length: rooms }, (_, i) => FIRST_ROOM + i);
    await makeRooms(stack, roomIds);
    const token = (userId: number) => sessionToken(userId, jwtSecret, database);
    const gateways = [stack.gateway(0).wsUrl, stack.gateway(1).wsUrl] as const;
    const pids = [...stack.apps.map(({ process: { pid } }) => pid), stack.redis.pid];
    const cpuSeconds = () => pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
    const mover = await comeIn(gateways[0], token(MOVER), 1);

    const watch = async (i: number) => {
      // In the first room, where nothing happens.
      const socket = await comeIn(gateways[i % 2] as string, token(10_000 + i), 1);
      const told = { frames: 0, bytes: 0 };
      socket.on('message', (data) => {
        const text = String(data);
        if (!text.startsWith('{"op":32')) return;
        told.frames++;
        told.bytes += Buffer.byteLength(text);
      });
      socket.send(JSON.stringify({ op: 31 }));
      watchers.push({ socket, told });
    };
    let at = 0;
    const change = () => {
      const roomId = roomIds[at++ % rooms];
      mover.send(JSON.stringify({ op: 20, roomId }));
      setTimeout(() => mover.send(JSON.stringify({ op: 26, roomId })), 1_500);
    };

    const during = async (isBusy: boolean) => {
      const [commands, cpu] = [await commandsOf(redis), cpuSeconds()];
      const timer = isBusy ? setInterval(change, 1_000 / changes) : undefined;
      await sleep(seconds * 1_000);
      clearInterval(timer);
      const perSecond = (now: number, before: number) => Math.round((now - before) / seconds);
      return {
        commands: perSecond(await commandsOf(redis), commands),
        cpuMs: perSecond(cpuSeconds() * 1_000, cpu * 1_000),
      };
    };

    console.log(`${rooms} rooms, ${changes} changes a second, each window ${seconds} s`);
    // Rooms that nobody has used yet are brought from SQL.
    for (let i = 0; i < rooms; i++) {
      change();
      await sleep(PAUSE_MS);
    }
    for (const count of steps) {
      while (watchers.length < count)
        await Promise.all(
          Array.from({ length: Math.min(50, count - watchers.length) }, (_, i) => watch(watchers.length + i)),
        );
      await sleep(SETTLE_MS);
      const idle = await during(false);
      for (const { told } of watchers) Object.assign(told, { frames: 0, bytes: 0 });
      const busy = await during(true);
      const each = (what: keyof Told) =>
        watchers.reduce((sum, { told }) => sum + told[what], 0) / (watchers.length || 1) / seconds;
      console.log(
        `${String(count).padStart(5)} watchers: ${busy.commands - idle.commands} Redis commands/s above the ${idle.commands} of an idle ` +
          `stack, ${busy.cpuMs - idle.cpuMs} CPU-ms/s above ${idle.cpuMs}; each is told ${each('frames').toFixed(2)} times/s, ` +
          `${each('bytes').toFixed(0)} bytes/s`,
      );
    }
    mover.terminate();
  } finally {
    for (const { socket } of watchers) socket.on('error', () => undefined).terminate();
    redis.disconnect();
    await stack.stop();
  }
}

await main();
