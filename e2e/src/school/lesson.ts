import { ParleyApi, type ApiError } from '@parley/client';
import { eventually } from '@parley/testing';
import { once } from 'node:events';
import { Agent, get as httpGet, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Stack } from '../stack.js';

/** One thing that everybody does at the same moment. */
export interface Phase {
  readonly what: string;
  /** From the first to the last. */
  readonly seconds: number;
  /** How long each person waited, ascending, milliseconds. */
  readonly waitsMs: readonly number[];
  /** What went wrong, and for how many. */
  readonly errors: ReadonlyMap<string, number>;
}

interface Pupil {
  readonly name: string;
  token: string;
  socket?: WebSocket;
  heard: number;
}

const password = 'a pupil’s password';
/** Longest wait for an answer or a frame. A slow machine is no error, silence is. */
const ANSWER_WITHIN_MS = 60_000;
/** Pause before what was refused for now is asked for again, milliseconds. */
const ASK_AGAIN_MS = 500;
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const Op = { roomMessage: 3, join: 20, joined: 21, error: 23 } as const;

/**
 * The first minutes of a lesson: everybody behind one address loads the site, registers, logs in, looks round, joins one
 * room and says something, each of it all at once, as browsers would do it.
 *
 * @param report - Told of each phase as it ends.
 */
export async function lesson(stack: Stack, people: number, report: (phase: Phase) => void): Promise<void> {
  const prefix = `pupil-${Date.now().toString(36)}`;
  const pupils: Pupil[] = Array.from({ length: people }, (_, i) => ({
    name: `${prefix}-${i}`,
    token: '',
    heard: 0,
  }));
  const assets = await filesOfThePage(stack.webUrl);
  const apiOf = (pupil: Pupil) =>
    new ParleyApi({ baseUrl: stack.apiUrl, getToken: () => pupil.token, timeoutMs: ANSWER_WITHIN_MS });
  const all = async (what: string, act: (pupil: Pupil, index: number) => Promise<unknown>) =>
    report(await together(what, pupils, act));

  try {
    await all('load the site', async () => {
      for (const path of assets) await load(stack.webUrl + path);
    });
    await all('register', async (pupil) => {
      await apiOf(pupil).register(pupil.name, password);
    });
    await all('log in', async (pupil) => {
      pupil.token = (await apiOf(pupil).login(pupil.name, password)).token;
    });
    await all('look round', (pupil) => {
      const api = apiOf(pupil);
      const questions = [
        () => api.me(),
        () => api.roomsPage(),
        () => api.conversationsPage(),
        () => api.history(1),
      ];
      return Promise.all(questions.map((ask) => patiently<unknown>(ask)));
    });
    await all('join', async (pupil, i) => {
      pupil.socket = await join(stack.gateway(i % 2).wsUrl, pupil);
    });
    await all('say something, and hear everybody', async (pupil) => {
      pupil.socket?.send(JSON.stringify({ op: Op.roomMessage, roomId: 1, msg: `hello from ${pupil.name}` }));
      const heardAll = () => {
        if (pupil.heard < people) throw new Error(`heard ${pupil.heard} of ${people}`);
      };
      await eventually(heardAll, { timeoutMs: ANSWER_WITHIN_MS, intervalMs: 200 });
    });
  } finally {
    for (const { socket } of pupils) socket?.terminate();
    agent.destroy();
  }
}

async function together(
  what: string,
  pupils: readonly Pupil[],
  act: (pupil: Pupil, index: number) => Promise<unknown>,
): Promise<Phase> {
  const errors = new Map<string, number>();
  const startedAt = performance.now();
  const waitsMs = await Promise.all(
    pupils.map(async (pupil, i) => {
      await act(pupil, i).catch((error: Error & { code?: string }) => {
        const name = error.code ?? error.message;
        errors.set(name, (errors.get(name) ?? 0) + 1);
      });
      return performance.now() - startedAt;
    }),
  );
  waitsMs.sort((a, b) => a - b);
  return { what, seconds: (performance.now() - startedAt) / 1_000, waitsMs, errors };
}

/** What a browser asks for before it shows the log-in. */
async function filesOfThePage(webUrl: string): Promise<string[]> {
  const page = await (await fetch(webUrl)).text();
  const linked = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path);
  return ['/', '/config.json', ...linked];
}

/** As a browser asks, but for taking it apart: three hundred browsers have processors of their own. */
async function load(url: string): Promise<void> {
  const request = httpGet(url, { agent, headers: { 'accept-encoding': 'br, gzip' } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} for ${new URL(url).pathname}`);
}

/** Asks again while the answer is to come again, as the site does for what it shows; log-ins and sends are the people's own. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + ANSWER_WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const { retryable, retryAfterMs } = error as ApiError;
      if (!retryable || performance.now() > deadline) throw error;
      await sleep(retryAfterMs ?? ASK_AGAIN_MS);
    }
  }
}

/** Connects and joins room 1; from then on counts what the pupils say. */
function join(url: string, pupil: Pupil): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('open', () => socket.send(JSON.stringify({ op: Op.join, roomId: 1, authToken: pupil.token })));
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { op: number; code?: string; msg?: string };
      if (frame.op === Op.joined) resolve(socket);
      else if (frame.op === Op.error) reject(new Error(frame.code));
      else if (frame.op === Op.roomMessage && frame.msg?.startsWith('hello from pupil-')) pupil.heard++;
    });
  });
}
