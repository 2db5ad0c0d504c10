import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRooms, removeRooms } from '../rooms-in-sql.js';
import type { Stack } from '../stack.js';
import { close, Network, Pages, patience } from './pages.js';

/** Rooms that nothing else here makes: more than a page of the list. */
const firstRoom = 700_001;
const rooms = Array.from({ length: 120 }, (_, i) => firstRoom + i);
const link = (page: Page, roomId: number) =>
  page.locator(`[data-testid=room-link][data-room-id="${roomId}"]`);

/** More rooms than the list has at first. It leaves them behind. */
export const longLists = (running: () => Stack) =>
  describe('a long list', () => {
    let pages: Pages;
    beforeAll(async () => {
      await makeRooms(running(), rooms);
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it('is read on by keyboard, and lets go of what was removed while the connection was away', async () => {
      const stack = running();
      const api = stack.api(await stack.login('demo'));
      const shown = await api.createRoom('Shown all the time');
      const gone = await api.createRoom('Gone soon');
      const person = await pages.person();
      const network = await Network.of(person);
      // On one gateway: what the witness was told it tells nobody who comes later.
      const page = await pages.login('demo2', { of: person, gateway: 0, path: `/rooms/${shown.roomId}` });
      const witness = await pages.login('demo3', { gateway: 0 });
      const links = page.getByTestId('room-link');
      await link(page, gone.roomId).waitFor();
      const more = page.getByTestId('more-rooms');
      while ((await more.count()) > 0) {
        const before = await links.count();
        await more.focus();
        await page.keyboard.press('Enter');
        await expect.poll(() => links.count(), patience).toBeGreaterThan(before);
        expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe(
          'room-link',
        );
      }
      await link(page, firstRoom).waitFor();

      await network.cut();
      await page.getByTestId('offline-banner').waitFor();
      await removeRooms(stack, [gone.roomId, firstRoom]);
      const made = await api.createRoom('Made meanwhile');
      // Told to everybody who is there: who comes now has missed it.
      await link(witness, made.roomId).waitFor();
      await network.restore();
      await link(page, made.roomId).waitFor();
      await link(page, gone.roomId).waitFor({ state: 'detached' });
      await link(page, firstRoom).waitFor({ state: 'detached' });
      expect(await link(page, firstRoom + 1).count()).toBe(1);
      expect(await link(page, shown.roomId).getAttribute('aria-current')).toBe('page');
      expect(pages.problems).toEqual([]);
      await close(page, witness);
    });
  });
