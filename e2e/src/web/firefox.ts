import { eventually } from '@parley/testing';
import { existsSync } from 'node:fs';
import { launch, type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { distanceToEnd } from './pages.js';

const places = [
  process.env['PARLEY_FIREFOX'],
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];
const executablePath = places.find((path) => path !== undefined && existsSync(path));

/** What the other engine does with the site, over WebDriver BiDi. Only where there is a Firefox. */
export const firefox = (running: () => Stack) =>
  describe.skipIf(executablePath === undefined)(
    'in Firefox (PARLEY_FIREFOX, or where it is installed)',
    { timeout: 120_000 },
    () => {
      let browser: Browser;
      const problems: string[] = [];
      beforeAll(async () => {
        browser = await launch({ browser: 'firefox', executablePath: executablePath ?? '', headless: true });
      });
      afterAll(() => browser?.close());

      /** What is behind has no frames, for which the driver waits. */
      const toFront = (page: Page) => page.bringToFront();

      async function login(name: string): Promise<Page> {
        const context = await browser.createBrowserContext();
        const page = await context.newPage();
        page.on('pageerror', (error) => {
          // The driver looks things up with functions from text, which the site forbids and does not do itself.
          if (!String(error).includes('blocked a JavaScript eval')) problems.push(String(error));
        });
        await toFront(page);
        await page.goto(running().webUrl);
        await page.locator('[data-testid=login-name]').fill(name);
        await page.locator('[data-testid=login-password]').fill('111111');
        await page.locator('[data-testid=login-submit]').click();
        await page.waitForSelector('[data-testid=composer]');
        return page;
      }
      const say = async (page: Page, text: string) => {
        await toFront(page);
        await page.focus('[data-testid=composer]');
        await page.keyboard.type(text);
        await page.keyboard.press('Enter');
      };
      /** The messages on a page. Firefox has no locator that waits for one by its text. */
      const texts = (page: Page) =>
        page.$$eval('[data-testid=message-text]', (all) => all.map((message) => message.textContent));

      it('two people log in and talk, on a line and on several', async () => {
        const ana = await login('demo');
        const ben = await login('demo1');
        const stamp = Date.now();
        await say(ana, `fox ${stamp}`);
        await eventually(async () => expect(await texts(ben)).toContain(`fox ${stamp}`));
        const heightPx = () => ben.$eval('[data-testid=composer]', (it) => it.clientHeight);
        const oneLinePx = await heightPx();
        const long = `${'and much more '.repeat(8)}${stamp}`;
        await toFront(ben);
        await ben.focus('[data-testid=composer]');
        await ben.keyboard.type(long);
        expect(await heightPx()).toBeGreaterThan(oneLinePx);
        await ben.keyboard.press('Enter');
        await eventually(async () => expect(await texts(ana)).toContain(long));
        await eventually(async () => expect(await heightPx()).toBe(oneLinePx));
        await toFront(ana);
        // Each is at the end of what was said.
        const farPx = await ana.$eval('[data-testid=message-list]', distanceToEnd);
        expect(farPx).toBeLessThanOrEqual(1);
      });

      it('throws nothing', () => expect(problems).toEqual([]));
    },
  );
