import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, fillLogin, Network, online, Pages, say, sent } from './pages.js';

/** What the page says about its connection and its session is true. */
export const connection = (running: () => Stack) =>
  describe('the connection', { timeout: 120_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    it('is not spoken of while all is well; while it is away, one can try now', async () => {
      const person = await pages.person();
      const network = await Network.of(person);
      const page = await pages.login('demo', { of: person });
      expect(await page.locator('main').getByText('Online', { exact: true }).count()).toBe(0);
      expect(await page.getByTestId('offline-banner').count()).toBe(0);
      await network.cut();
      await page.getByTestId('offline-banner').filter({ hasText: 'kept on this device' }).waitFor();
      const button = page.getByTestId('reconnect-now');
      await button.waitFor();
      await network.restore();
      // Another attempt may be under way in just this moment; then there is nothing to press.
      await button.click({ timeout: 2_000 }).catch(() => undefined);
      await online(page);
      await page.getByTestId('offline-banner').waitFor({ state: 'detached' });
      await close(page);
    });

    it('that died in its sleep is found when the device wakes, and a send without an answer is spoken of', async () => {
      const person = await pages.person();
      const network = await Network.of(person);
      const page = await pages.login('demo', { of: person });
      network.silence();
      await say(page, 'into the void');
      await page.getByTestId('waiting-for-server').waitFor();
      expect(await page.getByTestId('connection-state').getAttribute('data-state')).toBe('online');
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
      await sent(page, 'into the void');
      await page.getByTestId('waiting-for-server').waitFor({ state: 'detached' });
      await close(page);
    });

    it('ends when the server says so, and never by the clock of the device', async () => {
      const person = await pages.person();
      const page = await pages.login('demo3', { of: person });
      const token = await page.evaluate(() => {
        const session = JSON.parse(localStorage['parley.session'] as string) as { token: string };
        localStorage['parley.session'] = JSON.stringify({ ...session, expiresAt: 1 });
        return session.token;
      });
      await page.reload();
      await online(page);
      await stack.api(token).logout();
      await page.getByTestId('error').filter({ hasText: 'logged out' }).waitFor();
      await close(page);
    });

    it("is the other one's, in a conversation, before its first message and from then on", async () => {
      const stamp = Date.now();
      const [mine, theirs] = [`caller ${stamp}`, `called ${stamp}`];
      const { user } = await stack.api().register(theirs, '111111');
      await stack.api().register(mine, '111111');
      const peer = await pages.login(theirs, { gateway: 1 });
      const page = await pages.login(mine, { gateway: 0, path: `/direct/${user.userId}` });
      const presence = page.getByTestId('peer-presence');
      await presence.and(page.locator('[data-presence=online]')).waitFor();
      await say(page, 'are you there?');
      await sent(page, 'are you there?');
      await presence.and(page.locator('[data-presence=online]')).waitFor();
      await peer.context().close();
      await presence.and(page.locator('[data-presence=offline]')).waitFor({ timeout: 40_000 });
      await close(page);
    });

    it('that a page over TLS may not make is spoken of, with the setting behind it', async () => {
      const person = await pages.person();
      // What ends TLS in front of the site, and a setting that was forgotten there.
      await person.route('https://secure.example/**', async (route) => {
        const { pathname } = new URL(route.request().url());
        const response = await route.fetch({ url: stack.webUrl + pathname });
        if (pathname !== '/config.json') return route.fulfill({ response });
        const json = { ...(await response.json()), apiUrl: 'http://chat.example:7070' };
        return route.fulfill({ response, json });
      });
      const page = await person.newPage();
      await page.goto('https://secure.example/rooms/1');
      const said = page.getByText('PARLEY_PUBLIC_API_URL');
      await said.waitFor();
      expect(await said.innerText()).toContain('http://chat.example:7070');
      await close(page);
    });

    it('that a page over TLS works out for itself is spoken of when nothing answers there', async () => {
      const person = await pages.person();
      await person.route('https://secure.example/**', async (route) => {
        const { pathname } = new URL(route.request().url());
        await route.fulfill({ response: await route.fetch({ url: stack.webUrl + pathname }) });
      });
      await person.route('https://secure.example:*/**', (route) => route.abort());
      const page = await person.newPage();
      await page.goto('https://secure.example/');
      await fillLogin(page, 'demo');
      const said = page.getByTestId('error').filter({ hasText: 'PARLEY_PUBLIC_API_URL' });
      await said.waitFor();
      expect(await said.innerText()).toContain('Check your connection');
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
