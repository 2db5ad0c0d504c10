import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { Pages } from './pages.js';

/** Addresses that lead to nothing. */
export const unknownPages = (running: () => Stack) =>
  describe('an address that leads nowhere', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it.each([
      ['en-US', /does not exist/],
      ['zh-CN', /页面不存在/],
    ])('is a page that says so (%s), with status 404, and leads to the chat', async (locale, text) => {
      const page = await pages.open({ path: '/nothing/here', locale });
      const answered = page.waitForResponse((response) => response.url().endsWith('/nothing/here'));
      await page.reload();
      expect((await answered).status()).toBe(404);
      await page.getByTestId('not-found').waitFor();
      expect(await page.locator('h1').innerText()).toMatch(text);
      await page.getByTestId('home-link').click();
      await page.getByTestId('login-name').waitFor();
      expect(pages.problems).toEqual([]);
      await page.context().close();
    });

    it('is the same for somebody who is logged in; a room that does not exist is said to be none', async () => {
      const page = await pages.login('demo');
      await page.goto(new URL('/nothing', running().webUrl).href);
      await page.getByTestId('not-found').waitFor();
      await page.getByTestId('home-link').click();
      await page.getByTestId('composer').waitFor();
      await page.goto(new URL('/rooms/987654321', running().webUrl).href);
      await page.getByText('This room does not exist').first().waitFor();
      await page.goto(new URL('/direct/987654321', running().webUrl).href);
      await page.getByText('This user does not exist').first().waitFor();
      expect(await page.getByTestId('composer').count()).toBe(0);
      await page.context().close();
    });

    // They were answered with 400 or 403, in JSON.
    it.each(['//rooms/1', '/%E0%A4%A', '/rooms/1%', '/a%00b'])('is the same page at %s', async (path) => {
      const answer = await fetch(running().webUrl + path, { headers: { accept: 'text/html,*/*' } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        404,
        expect.stringMatching(/^text\/html/),
      ]);
      expect(answer.headers.get('content-security-policy')).toContain('default-src');
      expect(await answer.text()).toContain('<html');
      // Of the API it is a problem like every other.
      const problem = await fetch(`${running().apiUrl}/v1${path}`);
      expect([problem.status, (await problem.json()) as object]).toMatchObject([404, { code: 'NOT_FOUND' }]);
    });

    it('is no page when a script or a style is asked for there', async () => {
      for (const path of ['/assets/index-00000000.js', '/assets/x.css', '/favicon.ico']) {
        const answer = await fetch(running().webUrl + path, { headers: { accept: 'text/html,*/*' } });
        expect(answer.status).toBe(404);
        expect(await answer.text()).not.toContain('<html');
      }
    });

    it('is compressed and kept for a year when it leads to a file of the build', async () => {
      const html = await (await fetch(running().webUrl)).text();
      const [, script = ''] = /<script type="module"[^>]* src="([^"]+)"/.exec(html) ?? [];
      for (const [accepted, encoding] of [
        ['br', 'br'],
        ['gzip', 'gzip'],
        ['identity', null],
      ] as const) {
        const answer = await fetch(running().webUrl + script, { headers: { 'accept-encoding': accepted } });
        expect(answer.headers.get('content-encoding')).toBe(encoding);
        expect(answer.headers.get('cache-control')).toContain('immutable');
        expect(await answer.text()).toContain('import');
      }
    });
  });
