import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, distanceToEnd, message, Pages, post, settled, shows } from './pages.js';

const lines = 40;

/** A room on paper, and its reader afterwards. */
export const printing = (running: () => Stack) =>
  describe('printing', { timeout: 60_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    let roomId: number;
    let name: string;
    let writer: string;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
      name = `On paper ${Date.now()}`;
      ({ roomId } = await stack.api(await stack.login('demo')).createRoom(name));
      const tokens = await Promise.all(['demo1', 'demo2', 'demo3'].map((user) => stack.login(user)));
      writer = tokens[0] ?? '';
      for (let i = 0; i < lines; i++)
        await post(
          stack,
          tokens[Math.floor(i / 2) % tokens.length] ?? '',
          roomId,
          `line ${i} ${'word '.repeat(20 + (i % 10))}`,
        );
    });
    afterAll(() => pages?.close());

    async function open(): Promise<Page> {
      const page = await pages.login('demo', { path: `/rooms/${roomId}` });
      await shows(page, `line ${lines - 1} `);
      return page;
    }
    /** @returns How many pages there are. */
    async function print(page: Page, format: string): Promise<number> {
      const file = (await page.pdf({ format })).toString('latin1');
      return file.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    }
    const distancePx = (page: Page) =>
      settled(page, () => page.getByTestId('message-list').evaluate(distanceToEnd));

    // What the layout of the paper moved was taken for the reader's scrolling, and what came next was out of their sight.
    it('leaves its reader where they were, and following', async () => {
      const page = await open();
      for (const format of ['A4', 'A6', 'Letter']) {
        await print(page, format);
        expect(await distancePx(page)).toBeLessThan(2);
        await post(stack, writer, roomId, `after ${format}`);
        await shows(page, `after ${format}`);
        expect(await distancePx(page)).toBeLessThan(2);
      }
      // As long as a browser asks which printer it shall be.
      await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
      await page.getByTestId('message-list').evaluate((list) => (list.scrollTop = 0));
      await post(stack, writer, roomId, 'meanwhile');
      await shows(page, 'meanwhile');
      await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
      expect(await distancePx(page)).toBeLessThan(2);

      await page.getByTestId('message-list').evaluate((list) => list.scrollBy(0, -1_000));
      await page.getByTestId('jump-to-latest').waitFor();
      const topPx = () =>
        settled(page, async () => (await message(page, `line ${lines - 5} `).boundingBox())?.y ?? 0);
      const before = await topPx();
      for (const format of ['A4', 'A6']) {
        await print(page, format);
        expect(Math.abs((await topPx()) - before)).toBeLessThan(2);
      }
      await close(page);
    });

    it('has all that is loaded, dark on light, and nothing that is for a screen only', async () => {
      const page = await open();
      const colour = () =>
        page
          .locator('[data-testid=message-text]')
          .first()
          .evaluate((text) => getComputedStyle(text).color);
      const light = await colour();
      await page.getByTestId('settings').click();
      await page.getByTestId('theme').selectOption('dark');
      expect(await colour()).not.toBe(light);
      await page.getByTestId('message').last().hover();
      await page.getByTestId('message-tools').waitFor();
      expect(await print(page, 'A4')).toBeGreaterThan(1);
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      await page.setViewportSize({ width: 700, height: 1_000 });
      expect(await colour()).toBe(light);
      await page.getByTestId('thread-name').filter({ hasText: name }).waitFor();
      const onScreen = 'message-tools composer send online-count invite room-settings settings member';
      for (const id of onScreen.split(' '))
        expect(await page.getByTestId(id).first().isVisible(), id).toBe(false);
      expect(await message(page, 'line 1 ').locator('time').first().isVisible()).toBe(true);
      expect(await page.getByTestId('author').first().isVisible()).toBe(true);
      // Nothing between a message and the paper cuts it off, and there is paper for all.
      const { cutting, firstPx, lastPx, paperPx } = await page.evaluate(() => {
        const texts = [...document.querySelectorAll('[data-testid=message-text]')];
        const [first, last] = [texts[0], texts.at(-1)].map((text) => text?.getBoundingClientRect());
        const around: Element[] = [];
        for (let at = texts[0]?.parentElement; at; at = at.parentElement) around.push(at);
        return {
          cutting: around
            .filter((element) => {
              const { overflowY, contain } = getComputedStyle(element);
              return overflowY !== 'visible' || contain !== 'none';
            })
            .map((element) => element.outerHTML.slice(0, 100)),
          firstPx: first?.top ?? -1,
          lastPx: last?.bottom ?? Infinity,
          paperPx: document.documentElement.getBoundingClientRect().bottom,
        };
      });
      expect(cutting).toEqual([]);
      expect(firstPx).toBeGreaterThan(0);
      expect(lastPx).toBeLessThanOrEqual(paperPx);
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
