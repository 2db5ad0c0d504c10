import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { message, post, say, settled, shows, Pages } from './pages.js';

/** Whatever somebody writes, or calls themselves, everybody else can go on reading. */
export const hostileTexts = (running: () => Stack) =>
  describe('hostile texts', () => {
    let pages: Pages;
    let page: Page;
    let roomId: number;
    let token: string;
    /** Says something as another user. */
    const hear = (text: string) => post(running(), token, roomId, text);
    /** Nothing is wider than the window. */
    const fits = () =>
      page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('[data-testid=message-list], nav, h1')]
          .map((element) => element.getBoundingClientRect())
          .every(({ left, right }) => left >= 0 && right <= window.innerWidth),
      );
    const heightOf = async (text: string) => (await message(page, text).last().boundingBox())?.height ?? 0;

    beforeAll(async () => {
      const stack = running();
      const name = `${'👩‍👩‍👧‍👦'.repeat(9)} ${Date.now()}`;
      ({ roomId } = await stack.api(await stack.login('demo')).createRoom(name));
      pages = await Pages.launch(stack);
      token = await stack.login('demo1');
      page = await pages.login('demo', { path: `/rooms/${roomId}` });
    });
    afterAll(() => pages?.close());

    it('shows the beginning of 2,000 lines, and all of them when asked, without moving the reader', async () => {
      for (let i = 0; i < 14; i++) await hear(`before ${i}`);
      await hear(`above${'\n'.repeat(2_000)}below`);
      await shows(page, 'above');
      expect(await heightOf('above')).toBeLessThan(400);
      const button = message(page, 'above').getByTestId('show-more');
      const placeOf = async () => (await message(page, 'above').boundingBox())?.y ?? 0;
      const before = await settled(page, placeOf);
      await button.click();
      await shows(page, 'below');
      expect(await settled(page, placeOf)).toBeCloseTo(before, 0);
      expect(await button.getAttribute('aria-expanded')).toBe('true');
      await button.click();
      await page.getByTestId('message-text').filter({ hasText: 'below' }).waitFor({ state: 'detached' });
    });

    it('breaks a word of 4,000 letters', async () => {
      await hear(`longest${'w'.repeat(3_990)}`);
      await shows(page, 'longest');
      await message(page, 'longest').getByTestId('show-more').click();
      expect(await fits()).toBe(true);
    });

    it('keeps marks that are piled up inside of their own message', async () => {
      await hear('a quiet neighbour');
      await shows(page, 'a quiet neighbour');
      const neighbour = message(page, 'a quiet neighbour').getByTestId('message-text');
      await page.mouse.move(0, 0);
      const before = await neighbour.screenshot();
      await hear(`piled ${'Z' + '\u0301\u0316\u0489'.repeat(60)}`.repeat(12));
      await shows(page, 'piled');
      expect((await neighbour.screenshot()).equals(before)).toBe(true);
    });

    it('gives every paragraph a direction of its own', async () => {
      await hear('mixed שלום\nשלום לכולם\nand hello again');
      await shows(page, 'mixed');
      const sides = await message(page, 'mixed')
        .getByTestId('message-text')
        .evaluate((element) => {
          const text = element.firstChild as Text;
          const box = element.getBoundingClientRect();
          let at = 0;
          return text.data.split('\n').map((line) => {
            const range = document.createRange();
            range.setStart(text, at);
            range.setEnd(text, at + line.length);
            at += line.length + 1;
            const { left, right } = range.getBoundingClientRect();
            return Math.abs(left - box.left) < 1
              ? 'left'
              : Math.abs(right - box.right) < 1
                ? 'right'
                : 'between';
          });
        });
      expect(sides).toEqual(['left', 'right', 'left']);
    });

    it('turns nothing around but what is inside a paragraph that says so', async () => {
      await hear('turned \u202e\u202e\u2067gnorw\nand straight on');
      await hear('straight, too');
      await shows(page, 'straight, too');
      const isStraight = (text: string, from: string) =>
        message(page, text)
          .last()
          .getByTestId('message-text')
          .evaluate((element, start) => {
            const node = element.firstChild as Text;
            const at = node.data.indexOf(start);
            const left = (i: number) => {
              const range = document.createRange();
              range.setStart(node, i);
              range.setEnd(node, i + 1);
              return range.getBoundingClientRect().left;
            };
            return left(at) < left(at + 1) && left(at + 1) < left(at + 2);
          }, from);
      expect(await isStraight('turned', 'and')).toBe(true);
      expect(await isStraight('straight, too', 'str')).toBe(true);
    });

    it('keeps spaces at the beginning, also of what is written here', async () => {
      await say(page, '\n    indented\n        more  \n');
      await shows(page, 'indented');
      expect(await message(page, 'indented').last().getByTestId('message-text').textContent()).toBe(
        '    indented\n        more',
      );
    });

    it('sends nothing that shows nothing', async () => {
      await page.getByTestId('composer').fill('\u200b \u2800\n\ufeff');
      expect(await page.getByTestId('send').isDisabled()).toBe(true);
      await page.getByTestId('composer').fill('');
    });

    it('links whole addresses of the web, and nothing else', async () => {
      await hear(
        'links: https://пример.рф/путь，javascript:alert(1) (https://example.org/a_(b)). https://bank.example@evil.example/ data:text/html,x',
      );
      await shows(page, 'links:');
      const links = message(page, 'links:').locator('a');
      expect(await links.allTextContents()).toEqual(['https://пример.рф/путь', 'https://example.org/a_(b)']);
      expect(await links.first().getAttribute('href')).toMatch(/^https:\/\/xn--/);
      expect(await links.first().getAttribute('rel')).toContain('noopener');
    });

    it('takes a message that is nothing but beginnings of links', async () => {
      await hear(`bomb ${'http://a/('.repeat(399)}`);
      await shows(page, 'bomb');
      await say(page, 'still here');
      await shows(page, 'still here');
      expect(await fits()).toBe(true);
    });

    it('has room for any name', async () => {
      const stack = running();
      const stamp = String(Date.now()).slice(-8);
      for (const name of [
        '👩🏿‍🚀'.repeat(5),
        'e\u0301\u0316\u0302\u0317\u0303\u0318\u0304\u0319\u0305\u031c',
        'מורה נבוכים',
        'w'.repeat(20),
      ]) {
        const userName = `${name} ${stamp}`;
        const registered = await stack.api().register(userName, 'a long password');
        await post(stack, registered.token, roomId, `said by ${[...name][0]}${stamp}`);
      }
      await shows(page, `said by w${stamp}`);
      expect(await fits()).toBe(true);
      expect(pages.problems).toEqual([]);
    });
  });
