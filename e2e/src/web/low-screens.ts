import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, distanceToEnd, Pages, patience, post, shows } from './pages.js';

/** Whether what has the focus is in the window, with nothing over its middle. */
const isFocusSeen = (page: Page) =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    if (!element) return false;
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const isInside = left >= 0 && top >= 0 && right <= window.innerWidth && bottom <= window.innerHeight;
    return isInside && element.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
  });

/** Screens that are low, as of a phone on its side or a page made four times as large, and letters that are large. */
export const lowScreens = (running: () => Stack) =>
  describe('low screens', { timeout: 60_000 }, () => {
    let pages: Pages;
    let path: string;
    beforeAll(async () => {
      const stack = running();
      pages = await Pages.launch(stack);
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`Low ${Date.now()}`);
      const token = await stack.login('demo1');
      for (let i = 0; i < 12; i++) await post(stack, token, roomId, `line ${i}`);
      path = `/rooms/${roomId}`;
    });
    afterAll(() => pages?.close());

    // The settings ran off the screen, and with them the way to shut them and the way out.
    it('have all of the sidebar in reach', async () => {
      const page = await pages.login('demo', { path, viewport: { width: 640, height: 320 } });
      await page.getByTestId('open-sidebar').click();
      await page.getByTestId('settings').click();
      for (const [width, height] of [
        [640, 320],
        [320, 256],
        [320, 480],
      ] as const) {
        await page.setViewportSize({ width, height });
        for (const id of ['logout', 'density', 'new-room', 'show-keys', 'search', 'theme', 'settings']) {
          await page.getByTestId(id).focus();
          await expect
            .poll(() => isFocusSeen(page), { message: `${id} at ${width}x${height}`, ...patience })
            .toBe(true);
        }
      }
      await close(page);
    });

    // Over a bar above the list it took the clicks that were meant for what is there.
    it('have the way to the latest over the list alone', async () => {
      const page = await pages.login('demo', { path, viewport: { width: 320, height: 480 } });
      await shows(page, 'line 11');
      const list = page.getByTestId('message-list');
      const jump = page.getByTestId('jump-to-latest');
      const heightOf = async () => (await jump.boundingBox())?.height ?? 0;
      await list.evaluate((element) => (element.scrollTop = 0));
      await jump.waitFor();
      const usualPx = await heightOf();
      await page.getByTestId('composer').fill('a line\n'.repeat(20));
      await page.setViewportSize({ width: 320, height: 256 });
      await expect.poll(heightOf, patience).toBeLessThan(usualPx);
      const [inner, outer] = [await jump.boundingBox(), await list.boundingBox()];
      if (!inner || !outer) throw new Error('it is gone');
      expect(inner.y).toBeGreaterThanOrEqual(outer.y);
      expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height);
      await jump.click();
      await expect.poll(() => list.evaluate(distanceToEnd), patience).toBeLessThan(2);
      await close(page);
    });

    // Each drawer was wider than what it stood in: what is at its end was beside it.
    it('have room for drawers with large letters', async () => {
      const page = await pages.open({ path, viewport: { width: 320, height: 780 } });
      const session = await page.context().newCDPSession(page);
      await session.send('Page.setFontSizes', { fontSizes: { standard: 24 } });
      await page.getByTestId('demo-login').first().click();
      const beside = () =>
        page.locator('[data-drawer=open]').evaluate((drawer) => {
          const { right } = drawer.getBoundingClientRect();
          return [...drawer.querySelectorAll('*')]
            .filter((element) => element.getBoundingClientRect().right > right + 1)
            .map((element) => element.outerHTML.slice(0, 100));
        });
      await page.getByTestId('open-sidebar').click();
      await expect.poll(beside, patience).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByTestId('online-count').click();
      await page.getByTestId('member').first().waitFor();
      await expect.poll(beside, patience).toEqual([]);
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
