import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, message, Pages, post, shows } from './pages.js';

const lines = 40;

/** A room on paper. */
export const printing = (running: () => Stack) =>
  describe('printing', { timeout: 60_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    let roomId: number;
    let name: string;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
      name = `On paper ${Date.now()}`;
      ({ roomId } = await stack.api(await stack.login('demo')).createRoom(name));
      const tokens = await Promise.all(['demo1', 'demo2', 'demo3'].map((user) => stack.login(user)));
      for (let i = 0; i < lines; i++)
        await post(
          stack,
          tokens[Math.floor(i / 2) % tokens.length] ?? '',
          roomId,
          `line ${i} ${'of words '.repeat(20)}`,
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
