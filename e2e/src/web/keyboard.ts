import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import {
  asIfThere,
  close,
  distanceToEnd,
  Network,
  online,
  Pages,
  post,
  say,
  shows,
  patience,
  settled,
} from './pages.js';

/** What has the focus: its test id, or what it is. `body`: nothing has. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    const names = [element?.getAttribute('data-testid'), element?.id, element?.tagName.toLowerCase()];
    return names.find(Boolean) ?? 'body';
  });
const focusComesTo = (page: Page, testId: string) => expect.poll(() => focused(page), patience).toBe(testId);
const atRoom = (page: Page, roomId: number) => page.waitForURL(`**/rooms/${roomId}`);

/** Everything can be done without a mouse, and the focus is never lost. */
export const keyboard = (running: () => Stack) =>
  describe('the keyboard', { timeout: 60_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    let other: string;

    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
      other = await stack.login('demo1');
    });
    afterAll(() => pages?.close());

    /** Somebody new who follows some rooms of their own, in none of which anything is unread. */
    async function somebody(...rooms: string[]) {
      const name = `keys ${Date.now()} ${Math.floor(Math.random() * 1_000)}`;
      const { token } = await stack.api().register(name, '111111');
      const api = stack.api(token);
      const roomIds: number[] = [];
      for (const room of rooms) {
        const { roomId } = await api.createRoom(`${room} ${name}`);
        await api.send(roomId, 'the first');
        roomIds.push(roomId);
      }
      for (const roomId of roomIds) await api.markRead(roomId, 1);
      return { name, roomIds };
    }

    /** A room with more in it than fits, all of it unread, open before somebody new. */
    async function longRoom() {
      const { name, roomIds } = await somebody('Long');
      const [roomId = 0] = roomIds;
      for (let i = 0; i < 40; i++) await post(stack, other, roomId, `old ${i}`);
      const page = await pages.login(name, { path: `/rooms/${roomId}` });
      await shows(page, 'old 39');
      return { page, list: page.getByTestId('message-list') };
    }

    it('goes to a room by a part of its name, and back to where it was', async () => {
      const { name, roomIds } = await somebody('Physics', 'Maths');
      const page = await pages.login(name, { path: `/rooms/${roomIds[1]}` });
      await focusComesTo(page, 'composer');
      await page.keyboard.press('Control+k');
      await focusComesTo(page, 'switcher-question');
      await page.keyboard.press('Escape');
      await page.getByTestId('switcher').waitFor({ state: 'detached' });
      await focusComesTo(page, 'composer');
      await page.keyboard.press('Control+k');
      await focusComesTo(page, 'switcher-question');
      await page.keyboard.type(`phy ${name.slice(5)}`);
      await page.keyboard.press('Enter');
      await atRoom(page, roomIds[0] ?? 0);
      await focusComesTo(page, 'composer');
      await close(page);
    });

    it('goes from one unread room to the next, and stays where there is none', async () => {
      const { name, roomIds } = await somebody('One', 'Two', 'Three');
      const [one = 0, two = 0, three = 0] = roomIds;
      const page = await pages.login(name, { path: `/rooms/${two}` });
      await shows(page, 'the first');
      for (const roomId of [one, three]) await post(stack, other, roomId, 'news');
      const badge = (roomId: number) => page.locator(`[data-room-id="${roomId}"]`).getByTestId('unread');
      await Promise.all([one, three].map((roomId) => badge(roomId).waitFor()));
      await page.keyboard.press('Alt+Shift+ArrowDown');
      const [next] = await Promise.race(
        [one, three].map((roomId) => atRoom(page, roomId).then(() => [roomId])),
      );
      await badge(next ?? 0).waitFor({ state: 'detached' });
      await page.keyboard.press('Alt+Shift+ArrowDown');
      const last = next === one ? three : one;
      await atRoom(page, last);
      await badge(last).waitFor({ state: 'detached' });
      await page.keyboard.press('Alt+Shift+ArrowUp');
      await page.keyboard.press('Control+/');
      await page.getByTestId('keys').waitFor();
      expect(page.url()).toContain(`/rooms/${last}`);
      await page.keyboard.press('Escape');
      await focusComesTo(page, 'composer');
      await close(page);
    });

    it('scrolls the messages while one writes', async () => {
      const { page, list } = await longRoom();
      await focusComesTo(page, 'composer');
      const top = () => list.evaluate((element) => element.scrollTop);
      await page.keyboard.press('PageDown');
      await expect.poll(top, patience).toBeGreaterThan(100);
      await page.keyboard.type('half a sent');
      const before = await settled(page, top);
      await page.keyboard.press('PageUp');
      await expect.poll(top, patience).toBeLessThan(before - 100);
      const above = await settled(page, top);
      await page.keyboard.press('PageDown');
      await expect.poll(top, patience).toBeGreaterThan(above);
      expect(await focused(page)).toBe('composer');
      await page.keyboard.type('ence');
      expect(await page.getByTestId('composer').inputValue()).toBe('half a sentence');
      await close(page);
    });

    it('scrolls the messages although something changes its size in the same moment', async () => {
      const { page, list } = await longRoom();
      await page.getByTestId('jump-to-latest').click();
      await expect.poll(() => list.evaluate(distanceToEnd), patience).toBeLessThan(2);
      // In one frame: the browser tells of the new size in it, and of the scrolling with the next one.
      await list.evaluate(
        (element) =>
          new Promise<void>((resolve) => {
            requestAnimationFrame(() => {
              element.scrollBy(0, -400);
              element.style.bottom = '40px';
              requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
            });
          }),
      );
      expect(await list.evaluate(distanceToEnd)).toBeGreaterThan(300);
      await close(page);
    });

    // Whoever was led to the first unread message stood below it: the bar that led there had gone right before.
    it('comes to the same place whatever had changed its size right before', async () => {
      const { page, list } = await longRoom();
      await page.getByTestId('jump-to-latest').click();
      await expect.poll(() => list.evaluate(distanceToEnd), patience).toBeLessThan(2);
      await page.getByTestId('composer').press('PageUp');
      await page.getByTestId('jump-to-latest').waitFor();
      const [led, after] = await list.evaluate(
        (element) =>
          new Promise<[number, number]>((resolve) => {
            requestAnimationFrame(() => {
              element.style.top = '40px';
              const key = new KeyboardEvent('keydown', { key: 'PageUp', bubbles: true });
              document.querySelector('[data-testid=composer]')?.dispatchEvent(key);
              const place = element.scrollTop;
              requestAnimationFrame(() => requestAnimationFrame(() => resolve([place, element.scrollTop])));
            });
          }),
      );
      expect(after).toBe(led);
      await close(page);
    });

    it('keeps the focus when what had it goes away', async () => {
      const { name, roomIds } = await somebody('Here', 'There');
      const [here = 0, there = 0] = roomIds;
      const page = await pages.login(name, { path: `/rooms/${here}` });
      const press = async (testId: string, key = 'Enter') => {
        await page.getByTestId(testId).first().focus();
        await page.keyboard.press(key);
      };
      await shows(page, 'the first');

      await post(stack, other, there, 'news');
      await page.getByTestId('mark-all-read').waitFor();
      await press('mark-all-read');
      await page.getByTestId('mark-all-read').waitFor({ state: 'detached' });
      await focusComesTo(page, 'composer');

      await press('new-room');
      await focusComesTo(page, 'new-room-name');
      await page.keyboard.press('Escape');
      await focusComesTo(page, 'new-room');

      await press('leave-room');
      await focusComesTo(page, 'leave-cancel');
      await page.keyboard.press('Escape');
      await focusComesTo(page, 'leave-room');
      await press('leave-room');
      await press('leave-confirm');
      await atRoom(page, 1);
      await focusComesTo(page, 'composer');

      await press('settings', ' ');
      await press('show-keys');
      await page.getByTestId('keys').waitFor();
      await page.keyboard.press('Escape');
      await focusComesTo(page, 'show-keys');
      await close(page);
    });

    it('keeps it when the connection is tried, a send was refused, and when nothing has it', async () => {
      const person = await pages.person();
      const network = await Network.of(person);
      await person.route('**/v1/users/999999/presence', asIfThere);
      const page = await pages.login('demo', { of: person, path: '/direct/999999' });
      await say(page, 'to nobody');
      await page.getByTestId('discard').focus();
      await page.keyboard.press('Enter');
      await page.getByTestId('discard').waitFor({ state: 'detached' });
      await focusComesTo(page, 'composer');

      await network.cut();
      await page.getByTestId('reconnect-now').focus();
      await page.keyboard.press('Enter');
      expect(await focused(page)).toBe('reconnect-now');
      await network.restore();
      await online(page);
      await focusComesTo(page, 'composer');

      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      expect(await focused(page)).toBe('body');
      await page.keyboard.type('found');
      expect(await page.getByTestId('composer').inputValue()).toBe('found');
      await close(page);
    });

    it('keeps it when a log-in is refused, and has it where one begins', async () => {
      const page = await pages.open();
      await focusComesTo(page, 'login-name');
      await page.keyboard.type('demo');
      await page.keyboard.press('Tab');
      await page.keyboard.type('not the one');
      await page.getByTestId('login-submit').focus();
      await page.keyboard.press('Enter');
      await page.getByTestId('error').waitFor();
      await focusComesTo(page, 'login-password');
      await close(page);
    });

    it('gives it back to a button that was out of use while what it began was under way', async () => {
      const { name, roomIds } = await somebody('Here');
      const page = await pages.login(name, { path: `/rooms/${roomIds[0]}` });
      await page.route('**/v1/rooms', async (route) => {
        if (route.request().method() !== 'POST') return route.fallback();
        await expect.poll(() => page.getByTestId('new-room-submit').isDisabled(), patience).toBe(true);
        // Until the browser has taken the focus away.
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
        await route.fulfill({ status: 403, json: { code: 'FORBIDDEN' } });
      });
      await page.getByTestId('new-room').press('Enter');
      await page.getByTestId('new-room-name').fill('Not for me');
      await page.getByTestId('new-room-submit').press('Enter');
      await page.getByTestId('error').waitFor();
      await focusComesTo(page, 'new-room-submit');
      await close(page);
    });

    it('brings it to the name of a guest that is refused', async () => {
      const host = stack.api(await stack.login('demo'));
      const { roomId } = await host.createRoom(`Guests ${Date.now()}`);
      const { path } = await host.createInvite(roomId);
      const page = await pages.open({ path });
      await page.getByTestId('join-submit').press('Enter');
      await focusComesTo(page, 'join-name');
      await page.getByTestId('join-name').fill('demo');
      await page.getByTestId('join-submit').press('Enter');
      await page.getByTestId('error').filter({ hasText: 'taken' }).waitFor();
      await focusComesTo(page, 'join-name');
      await close(page);
    });

    it('brings it to the field of a registration that is to be mended', async () => {
      const page = await pages.open();
      await page.getByTestId('register-link').click();
      const press = async (fields: Record<string, string>) => {
        for (const [field, text] of Object.entries(fields))
          await page.getByTestId(`register-${field}`).fill(text);
        await page.getByTestId('register-submit').press('Enter');
      };
      await press({});
      await focusComesTo(page, 'register-name');
      await press({ name: 'somebody', password: '123' });
      await focusComesTo(page, 'register-password');
      await press({ password: 'long enough', repeat: 'long enuogh' });
      await focusComesTo(page, 'register-repeat');
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
