import type { Rooms } from '@parley/protocol';
import type { BrowserContext } from 'playwright-core';
import { day, now, timeOf } from './conversation.js';

const timezoneId = 'Europe/Berlin';
const OFFSET = '+02:00';
const at = (time: string): number => Date.parse(`${day}T${time}:00${OFFSET}`);

/** What a person's browser is opened with, so that its clock shows the lesson. */
export const lessonTime = { timezoneId } as const;

/**
 * What would be different each time stands still for a person: the clock is held at the moment of the pictures, messages
 * get the times of the script on their way to the page, since the server stamps them with its own clock, and rooms come
 * with the newest first, because in which second each was last used is chance.
 */
export async function holdStill(person: BrowserContext): Promise<void> {
  await person.clock.setFixedTime(at(now));
  await person.route(/\/v1\/(rooms|users)\/\d+\/messages/, async (route) => {
    if (route.request().method() !== 'GET') return route.fallback();
    const response = await route.fetch();
    await route.fulfill({ response, json: timed(await response.json()) });
  });
  await person.route(/\/v1\/rooms(\?|$)/, async (route) => {
    if (route.request().method() !== 'GET') return route.fallback();
    const response = await route.fetch();
    const page = (await response.json()) as Rooms;
    const rooms = page.rooms.sort((a, b) => b.roomId - a.roomId);
    await route.fulfill({ response, json: { ...page, rooms } });
  });
  await person.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((frame) => socket.send(JSON.stringify(timed(JSON.parse(String(frame))))));
  });
}

/** The same, with the script's time in every message. */
function timed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, timed(inner)]));
  return 'sentAt' in copy && typeof copy['msg'] === 'string'
    ? { ...copy, sentAt: at(timeOf(copy['msg'])) }
    : copy;
}
