import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, message, Pages, post, shows, patience } from './pages.js';

/** What somebody has missed, and how they come to it. */
export const unread = (running: () => Stack) =>
  describe('what is unread', () => {
    let stack: Stack;
    let pages: Pages;
    let others: string[];

    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
      others = await Promise.all(['demo1', 'demo2', 'demo3'].map((name) => stack.login(name)));
    });
    afterAll(() => pages?.close());

    /** Somebody new who follows so many rooms, the first of them longest ago. */
    async function somebody(rooms: number) {
      const name = `unread ${Date.now()}`;
      const api = stack.api((await stack.api().register(name, '111111')).token);
      const roomIds: number[] = [];
      for (let i = 0; i < rooms; i++) {
        const { roomId } = await api.createRoom(`${name}, ${i}`);
        await api.send(roomId, 'the first');
        await api.markRead(roomId, 1);
        roomIds.push(roomId);
      }
      return { name, roomIds };
    }

    /** Whether an element of the list is within what is shown of it. */
    const isInSight = (page: Page, text: RegExp | string) =>
      page
        .getByTestId('message-list')
        .getByText(text, { exact: true })
        .first()
        .evaluate((element) => {
          const { top, bottom } = element.getBoundingClientRect();
          const list = document.querySelector('[data-testid=message-list]')?.getBoundingClientRect();
          return list !== undefined && top >= list.top - 1 && bottom <= list.bottom + 1;
        });
    const go = (page: Page, roomId: number) =>
      page.locator(`[data-testid=room-link][data-room-id="${roomId}"]`).click();
    const unreadOf = async (name: string, roomId: number) => {
      const api = stack.api(await stack.login(name));
      return (await api.unread()).find((room) => room.roomId === roomId)?.unread;
    };
    const badge = (page: Page, roomId: number) =>
      page.locator(`[data-testid=room-link][data-room-id="${roomId}"]`).getByTestId('unread');

    /** Somebody who has had their first room open, and now has the second. */
    async function elsewhere() {
      const { name, roomIds } = await somebody(2);
      const [first = 0, second = 0] = roomIds;
      const page = await pages.login(name, { path: `/rooms/${first}` });
      await shows(page, 'the first');
      await go(page, second);
      await shows(page, 'the first');
      return { page, name, first };
    }

    it('is led to, however far up it begins, and is read at the end', async () => {
      const { name, roomIds } = await somebody(1);
      const [roomId = 0] = roomIds;
      // More than a few pages, and more than are counted.
      for (let i = 0; i < 180; i += others.length)
        await Promise.all(others.map((token, n) => post(stack, token, roomId, `news ${i + n}`)));
      const page = await pages.login(name, { path: `/rooms/${roomId}` });
      await shows(page, 'news 179');
      expect(await message(page, 'news 0').count()).toBe(0);
      await page.getByTestId('unread-bar').filter({ hasText: '100 new' }).waitFor();
      await page.getByTestId('jump-to-unread').press('Enter');
      await page.getByTestId('unread-bar').waitFor({ state: 'detached' });
      await expect.poll(() => isInSight(page, 'New messages'), patience).toBe(true);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('messages');
      // They are still to be read: their beginning was looked for, not their end.
      await page.getByTestId('jump-to-latest').filter({ hasText: '100 new' }).click();
      await expect.poll(() => isInSight(page, /^news 179$/), patience).toBe(true);
      await expect.poll(() => page.title(), patience).not.toMatch(/^\(/);
      await close(page);
    });

    // A list that was there already came before it was known where the user had left off: it stood at its end, and all was read.
    it('is where one left off in a room to which one comes back', async () => {
      const { page, name, first } = await elsewhere();
      for (let i = 0; i < 30; i += others.length)
        await Promise.all(others.map((token, n) => post(stack, token, first, `news ${i + n}`)));
      await badge(page, first).filter({ hasText: /^30$/ }).waitFor();
      await go(page, first);
      await expect.poll(() => isInSight(page, 'New messages'), patience).toBe(true);
      expect(await unreadOf(name, first)).toBe(30);
      await close(page);
    });

    // It counted as unread from then on, in the title, in the list and on other devices.
    it('is not what comes before one’s eyes in a room to which one has come back', async () => {
      const { page, name, first } = await elsewhere();
      await go(page, first);
      await shows(page, 'the first');
      await post(stack, others[0] ?? '', first, 'live');
      await shows(page, 'live');
      await expect.poll(() => unreadOf(name, first), patience).toBe(0);
      expect(await badge(page, first).count()).toBe(0);
      await close(page);
    });

    // The first of it came with the second page: the line went up there, out of sight, and the bar that leads there was gone.
    it('begins before one’s eyes, where it begins a page further up', async () => {
      const { name, roomIds } = await somebody(1);
      const [roomId = 0] = roomIds;
      for (let i = 0; i < 69; i += others.length)
        await Promise.all(others.map((token, n) => post(stack, token, roomId, `news ${i + n}`)));
      const page = await pages.login(name, { path: `/rooms/${roomId}` });
      await shows(page, 'news 0');
      await expect.poll(() => isInSight(page, 'New messages'), patience).toBe(true);
      expect(await unreadOf(name, roomId)).toBe(69);
      await close(page);
    });

    it('shows within seconds in a room that is one too many to be joined', async () => {
      const { name, roomIds } = await somebody(14);
      const page = await pages.login(name, { path: `/rooms/${roomIds.at(-1)}` });
      await shows(page, 'the first');
      const [oldest = 0] = roomIds;
      await post(stack, others[0] ?? '', oldest, 'far away');
      const row = page.locator(`[data-testid=room-link][data-room-id="${oldest}"]`);
      await row.getByTestId('unread').filter({ hasText: /^1$/ }).waitFor({ timeout: 30_000 });
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
