import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { Pages } from './pages.js';

/** What somebody sees whose network is slow. How fast it is, `npm run measure -- --web` shows. */
export const firstLoad = (running: () => Stack) =>
  describe('the first load', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it.each([
      ['light', 'rgb(244, 246, 248)'],
      ['dark', 'rgb(17, 22, 28)'],
    ] as const)('shows where one is before the scripts are here (%s)', async (colorScheme, background) => {
      const person = await pages.person({ colorScheme });
      let release = () => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      await person.route(/\/assets\/.*\.js$/, async (route) => {
        await released;
        await route.continue();
      });
      const page = await person.newPage();
      await page.goto(running().webUrl, { waitUntil: 'commit' });
      await page.getByTestId('splash').getByText('Parley').waitFor();
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
        background,
      );
      release();
      await page.getByTestId('login-name').waitFor();
      expect(await page.getByTestId('splash').count()).toBe(0);
      await person.close();
    });

    it('asks for the configuration once, and at once', async () => {
      const person = await pages.person();
      const asked: string[] = [];
      person.on('request', (request) => asked.push(new URL(request.url()).pathname));
      const page = await person.newPage();
      await page.goto(running().webUrl);
      await page.getByTestId('login-name').waitFor();
      expect(asked.filter((path) => path === '/config.json')).toHaveLength(1);
      await person.close();
    });
  });
