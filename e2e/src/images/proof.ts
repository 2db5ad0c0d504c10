import { ParleyApi } from '@parley/client';
import type { Session } from '@parley/protocol';
import { eventually } from '@parley/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd } from '../chaos/crowd.js';
import { seededRandom } from '../chaos/random.js';
import type { ComposeSet } from './compose-set.js';
import { forward } from './forward.js';
import { throughTheProxy } from './through-the-proxy.js';

const USERS = 8;
const ROOMS = 3;
const CLIENTS = 12;
const SEND_INTERVAL_MS = 500;
const TALK_MS = 5_000;
const PROBE_TIMEOUT_MS = 180_000;

/** One thing that was done to the set while people talked. */
export interface Step {
  readonly what: string;
  /** Until everybody could talk to everybody again, milliseconds. */
  readonly ms: number;
}

export interface ProofResult {
  readonly steps: readonly Step[];
  readonly acked: number;
  readonly received: number;
  readonly violations: readonly string[];
}

/** Talks to the set from many clients, breaks and restarts parts of it and all of it, and judges what everybody saw. */
export async function prove(set: ComposeSet, say: (line: string) => void): Promise<ProofResult> {
  const addresses = new Map<string, string>();
  const learn = async () => {
    for (const { name, address } of await set.containers()) addresses.set(name, address);
  };
  await learn();
  const at = (name: string) => () => addresses.get(name) ?? '';
  const [api] = await set.containers('gateway-api');
  const [site] = await set.containers('web');
  const gatewayNames = (await set.containers('connect-gateway')).map(({ name }) => name);
  if (!api || !site || gatewayNames.length < 2)
    throw new Error('compose started fewer containers than it should');
  const doors = {
    api: await forward(at(api.name), 7070),
    web: await forward(at(site.name), 8080),
    gateways: await Promise.all(
      gatewayNames.map(async (name) => ({
        ws: await forward(at(name), 7000),
        tcp: await forward(at(name), 7001),
      })),
    ),
  };
  const apiUrl = `http://127.0.0.1:${doors.api.port}`;

  say('through the proxy: the site, a log-in as admin, a message over WebSocket');
  await throughTheProxy(set.sitePort, set.secret('admin_password'));

  const sessions: Session[] = [];
  for (let i = 0; i < USERS; i++)
    sessions.push(await new ParleyApi({ baseUrl: apiUrl }).register(`proof-${i}`, 'proof-proof'));
  const owner = new ParleyApi({ baseUrl: apiUrl, getToken: () => sessions[0]?.token });
  const roomIds: number[] = [];
  for (let i = 0; i < ROOMS; i++) roomIds.push((await owner.createRoom(`proof ${i}`)).roomId);
  const crowd = new Crowd({
    clients: CLIENTS,
    sessions,
    roomIds,
    gateways: doors.gateways.map(({ ws, tcp }) => ({ wsPort: ws.port, tcpPort: tcp.port })),
    apiUrls: [apiUrl],
    webUrls: [`http://127.0.0.1:${doors.web.port}`],
    sendIntervalMs: SEND_INTERVAL_MS,
    random: seededRandom(1),
  });
  const steps: Step[] = [];
  const step = async (what: string, act: () => Promise<void>) => {
    say(what);
    const startedAt = Date.now();
    await act();
    await learn();
    await crowd.probe(PROBE_TIMEOUT_MS);
    steps.push({ what, ms: Date.now() - startedAt });
    await pause(TALK_MS);
  };
  const kill = (service: string) => async () => {
    const [victim] = await set.containers(service);
    if (!victim) throw new Error(`there is no container of ${service}`);
    process.kill(victim.pid, 'SIGKILL');
    // The engine starts it again by itself, as `restart` says.
    await eventually(
      async () => {
        const now = (await set.containers(service)).find(({ name }) => name === victim.name);
        if (!now || now.pid === victim.pid || now.pid === 0)
          throw new Error(`${victim.name} is not up again`);
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    );
    await set.wellAgain();
  };
  try {
    await step('everybody comes in, over WebSocket and TCP and both gateways', async () => {
      await crowd.join();
      crowd.startTalking();
    });
    await step('a connect-gateway container is killed', kill('connect-gateway'));
    await step('a logic container is killed', kill('logic'));
    await step('all containers are stopped and started', async () => {
      await set.stop();
      await set.start();
    });
    await crowd.fallSilent();
    await crowd.probe(PROBE_TIMEOUT_MS);
    await crowd.presenceExact();
    await crowd.hasBeenShownAll();
    for (const roomId of roomIds) await crowd.readArchive(roomId);
  } finally {
    await crowd.leave();
    for (const door of [doors.api, doors.web, ...doors.gateways.flatMap(({ ws, tcp }) => [ws, tcp])])
      door.close();
  }
  const { acked, received } = crowd.soFar();
  const violations = crowd.checker.check().map((violation) => JSON.stringify(violation));
  return { steps, acked, received, violations };
}
