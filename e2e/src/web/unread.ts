import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, Pages, post, shows } from './pages.js';

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
