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
      const inSight = (text: RegExp | string) =>
        page
          .getByTestId('message-list')
          .getByText(text, { exact: true })
          .first()
          .evaluate((element) => {
            const { top, bottom } = element.getBoundingClientRect();
            const list = document.querySelector('[data-testid=message-list]')?.getBoundingClientRect();
            return list !== undefined && top >= list.top - 1 && bottom <= list.bottom + 1;
          });
      await expect.poll(() => inSight('New messages'), patience).toBe(true);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('messages');
      // They are still to be read: their beginning was looked for, not their end.
      await page.getByTestId('jump-to-latest').filter({ hasText: '100 new' }).click();
      await expect.poll(() => inSight(/^news 179$/), patience).toBe(true);
      await expect.poll(() => page.title(), patience).not.toMatch(/^\(/);
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
