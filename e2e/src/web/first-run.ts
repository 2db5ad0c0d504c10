import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, fillLogin, online, Pages, say, shows } from './pages.js';
import { strangeHost } from './shared-browser.js';

/** Somebody who has just started Parley, and looks what it is. */
export const firstRun = (running: () => Stack) =>
  describe('the first run', { timeout: 60_000 }, () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    it('is logged in with one click, and has somebody to talk with in a second window of the same browser', async () => {
      const stack = running();
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`Alone ${Date.now()}`);
      const person = await pages.person();
      const first = await pages.open({ of: person, path: `/rooms/${roomId}` });
      await first
        .getByTestId('demo-login')
        .filter({ hasText: /^demo$/ })
        .click();
      await online(first);
      expect(await first.getByTestId('me').innerText()).toBe('demo');
      await say(first, 'is anybody here?');

      const opened = person.waitForEvent('page');
      await first.getByTestId('first-run-hint').getByRole('link').click();
      const second = await opened;
      await second
        .getByTestId('demo-login')
        .filter({ hasText: /^demo1$/ })
        .click();
      await online(second);
      await second.goto(new URL(`/rooms/${roomId}`, second.url()).href);
      await shows(second, 'is anybody here?');
      await say(second, 'I am');
      await shows(first, 'I am');
      await first.getByTestId('first-run-hint').waitFor({ state: 'detached' });
      expect(await second.getByTestId('first-run-hint').count()).toBe(0);
      expect(await first.getByTestId('me').innerText()).toBe('demo');
      await close(first);
    });

    it('offers nobody’s account to those who come from other machines', async () => {
      const page = await pages.open({ host: strangeHost });
      await page.getByTestId('login-name').waitFor();
      expect(await page.getByTestId('demo-login').count()).toBe(0);
      await close(page);
    });

    it('offers none where the server has none', async () => {
      const person = await pages.person();
      await person.route('**/config.json', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), demo: null } });
      });
      const page = await pages.open({ of: person });
      await page.getByTestId('login-name').waitFor();
      expect(await page.getByTestId('demo-login').count()).toBe(0);
      await fillLogin(page, 'demo2');
      await online(page);
      expect(await page.getByTestId('first-run-hint').count()).toBe(0);
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
