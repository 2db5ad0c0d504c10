import { ParleyApi, type ApiError } from '@parley/client';
import { Redis } from 'ioredis';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';
import { localParley, nothingRuns } from './lib/local-parley.mjs';
import { main } from './lib/main.mjs';
import { readPorts } from './lib/ports.mjs';
import { UserError } from './lib/workspace.mjs';
import { percentile } from './measure/percentile.js';
import { registered } from './measure/registered.js';
import { measureWeb } from './measure/web.js';

const USAGE = `npm run measure -- [--members 100] [--rate 100] [--seconds 10] [--api URL] [--ws URL[,URL]] [--redis URL]

Against a running Parley, found by the variables that npm start obeys (PARLEY_API_PORT, PARLEY_WS_PORT, REDIS_URL):
members join one room, messages are published at a steady rate over WebSocket, and
every delivery is timed from the moment before the send. Prints percentiles, losses, order, and Redis commands.

npm run measure -- --web [--rate 50] [--seconds 20] [--slowdown 4] [--site URL] [--api URL]

The site in a Chromium whose processor is 4 times slower: first load over slow 4G, then a room with 50 messages a second in which
somebody writes: main thread, key to frame, and how late each message is on the screen.`;

/** Senders stay well below the limit of sends per user. */
const SENDS_PER_USER_PER_SECOND = 10;
/** Below what one gateway takes of one user. */
const CONNECTIONS_PER_USER = 40;
const SETTLE_MS = 2_000;
/** Commands that Redis counts and nobody of ours sends for a message. */
const notOurs = new Set(['info', 'config', 'ping', 'client', 'hello', 'select']);

interface Member {
  readonly socket: WebSocket;
  readonly seqs: number[];
}

/** Calls by command, as Redis counts them. */
async function commandCounts(redis: Redis): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [, command, calls] of (await redis.info('commandstats')).matchAll(
    /cmdstat_([^:]+):calls=(\d+)/g,
  )) {
    if (command && !notOurs.has(command.split('|')[0] ?? '')) counts.set(command, Number(calls));
  }
  return counts;
}

async function join(
  url: string,
  token: string,
  roomId: number,
  onMessage: (member: Member, frame: Record<string, unknown>) => void,
): Promise<Member> {
  const socket = new WebSocket(url);
  const member: Member = { socket, seqs: [] };
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', () => reject(new UserError(nothingRuns(url, '--ws, PARLEY_WS_PORT'))));
  });
  await new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Record<string, unknown>;
      if (frame['op'] === 21) resolve();
      onMessage(member, frame);
    });
    socket.send(JSON.stringify({ op: 20, authToken: token, roomId }));
  });
  return member;
}

/** @throws {UserError} for what is not in the usage. */
function readArguments() {
  const here = localParley(process.env);
  const text = (fallback: string) => ({ type: 'string' as const, default: fallback });
  try {
    const { values } = parseArgs({
      options: {
        api: text(here.api),
        ws: text(here.ws),
        redis: text(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'),
        members: text('100'),
        rate: { type: 'string' },
        seconds: { type: 'string' },
        web: { type: 'boolean', default: false },
        site: text(here.api.replace(/\d+$/, String(readPorts(process.env).PARLEY_WEB_PORT))),
        slowdown: text('4'),
        help: { type: 'boolean', default: false },
      },
    });
    const whole = (name: 'members' | 'rate' | 'seconds' | 'slowdown', fallback = ''): number => {
      const value = values[name] ?? fallback;
      if (!/^[1-9]\d{0,6}$/.test(value)) throw new Error(`--${name} must be a whole number from 1 on`);
      return Number(value);
    };
    return {
      ...values,
      members: whole('members'),
      rate: whole('rate', values.web ? '50' : '100'),
      seconds: whole('seconds', values.web ? '20' : '10'),
      slowdown: whole('slowdown'),
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

/** @throws {UserError} when there is nobody to measure. */
async function demoToken(api: ParleyApi, address: string): Promise<string> {
  try {
    return (await api.login('demo', '111111')).token;
  } catch (error) {
    if ((error as ApiError).code === 'NETWORK')
      throw new UserError(nothingRuns(address, '--api, PARLEY_API_PORT'));
    throw new UserError(`Nobody logs in as demo at ${address}: ${(error as Error).message}`);
  }
}

/** @throws {UserError} when there is no site. */
async function checkSite(site: string): Promise<void> {
  const page = await fetch(site).catch(() => undefined);
  if (!page) throw new UserError(nothingRuns(site, '--site, PARLEY_WEB_PORT'));
  await page.body?.cancel();
  if (!page.ok)
    throw new UserError(`${site} answers with ${page.status}. Another one: --site, PARLEY_WEB_PORT`);
}

/** @throws {UserError} when there is no Redis to count in. */
async function connectRedis(url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return redis;
  } catch {
    throw new UserError('No Redis answers. Where npm start says that it is: --redis, REDIS_URL');
  }
}

async function measure(): Promise<void> {
  const values = readArguments();
  if (values.help) return void console.log(USAGE);
  if (values.web) {
    await demoToken(new ParleyApi({ baseUrl: values.api }), values.api);
    await checkSite(values.site);
    process.exitCode = (await measureWeb(values)) ? 0 : 1;
    return;
  }
  const { members, rate, seconds } = values;
  const api = new ParleyApi({ baseUrl: values.api });
  const token = await demoToken(api, values.api);
  const redis = await connectRedis(values.redis);
  const stamp = Date.now().toString(36);
  const users = Math.max(
    1,
    Math.ceil(rate / SENDS_PER_USER_PER_SECOND),
    Math.ceil(members / CONNECTIONS_PER_USER),
  );
  const tokens = [token];
  for (let i = 1; i < users; i++) tokens.push((await registered(api, `load-${stamp}-${i}`)).token);
  const { roomId } = await new ParleyApi({ baseUrl: values.api, getToken: () => token }).createRoom(
    `measure ${stamp}`,
  );

  const latenciesMs: number[] = [];
  const urls = values.ws.split(',');
  let acked = 0;
  let refused = 0;
  const onMessage = (member: Member, frame: Record<string, unknown>) => {
    if (frame['op'] === 22) acked++;
    if (frame['op'] === 23) refused++;
    if (frame['op'] !== 3) return;
    latenciesMs.push(performance.timeOrigin + performance.now() - Number(String(frame['msg']).split(' ')[0]));
    member.seqs.push(Number(frame['seq']));
  };
  const joined: Member[] = [];
  for (let i = 0; i < members; i++)
    joined.push(await join(urls[i % urls.length] as string, tokens[i % users] as string, roomId, onMessage));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

  const before = await commandCounts(redis);
  const total = rate * seconds;
  const startedAt = performance.now();
  const filler = 'x'.repeat(60);
  for (let i = 0; i < total; i++) {
    const waitMs = startedAt + (i * 1_000) / rate - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    joined[i % users]?.socket.send(
      JSON.stringify({ op: 3, roomId, msg: `${performance.timeOrigin + performance.now()} ${filler}` }),
    );
  }
  const deadline = Date.now() + 15_000;
  while (latenciesMs.length < total * members && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const after = await commandCounts(redis);

  const spent = [...after]
    .map(([command, calls]) => [command, (calls - (before.get(command) ?? 0)) / total] as const)
    .filter(([, perMessage]) => perMessage > 0);
  spent.sort((a, b) => b[1] - a[1]);
  latenciesMs.sort((a, b) => a - b);
  const outOfOrder = joined.filter(({ seqs }) =>
    seqs.some((seq, i) => i > 0 && seq !== (seqs[i - 1] ?? 0) + 1),
  ).length;
  const ms = (p: number) => `${percentile(latenciesMs, p).toFixed(1)} ms`;
  console.log(`machine        ${cpus().length} x ${cpus()[0]?.model ?? '?'}, Node ${process.version}`);
  console.log(
    `load           ${members} members, ${rate} messages/s for ${seconds} s, ~190 bytes, from ${users} users over ${urls.length} gateway(s)`,
  );
  console.log(`acked          ${acked} of ${total}, ${refused} refused`);
  console.log(
    `delivered      ${latenciesMs.length} of ${total * members}; members with a gap or out of order: ${outOfOrder}`,
  );
  console.log(`latency        p50 ${ms(0.5)}  p99 ${ms(0.99)}  p99.9 ${ms(0.999)}  max ${ms(1)}`);
  const totalPerMessage = spent.reduce((sum, [, perMessage]) => sum + perMessage, 0);
  console.log(
    `Redis          ${totalPerMessage.toFixed(2)} commands per message, scripts' inner commands and idle traffic included:`,
  );
  console.log(
    `               ${spent.map(([command, perMessage]) => `${command} ${perMessage.toFixed(2)}`).join(', ')}`,
  );
  for (const { socket } of joined) socket.terminate();
  redis.disconnect();
  process.exitCode = latenciesMs.length === total * members && outOfOrder === 0 ? 0 : 1;
}

await main(measure);
// Sockets of a measurement that failed half-way would keep it.
process.exit();
