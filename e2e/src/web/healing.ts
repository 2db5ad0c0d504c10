import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, fillLogin, Network, online, Pages, say, sent, shows, patience } from './pages.js';

/** What a page could not load, or what was done to it, mends by itself. */
export const healing = (running: () => Stack) =>
  describe('healing', { timeout: 120_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    it('shows no error any more when its cause is gone, without a click', async () => {
      const person = await pages.person();
      const page = await pages.login('demo', { of: person });
      await say(page, 'before the API was away');
      await sent(page, 'before the API was away');
      await person.route(/\/v1\//, (route) => route.fulfill({ status: 503, body: 'away' }));
      await page.reload();
      await page.getByTestId('error').first().waitFor();
      await online(page);
      await person.unroute(/\/v1\//);
      await shows(page, 'before the API was away');
      await page.getByTestId('room-link').first().waitFor();
      await expect.poll(() => page.getByTestId('error').count(), patience).toBe(0);
      await close(page);
    });

    it('waits for the configuration of the site', async () => {
      const person = await pages.person();
      let refusals = 0;
      await person.route('**/config.json', (route) =>
        ++refusals <= 2 ? route.fulfill({ status: 503, body: '' }) : route.continue(),
      );
      const page = await pages.open({ of: person });
      await fillLogin(page, 'demo');
      await online(page);
      expect(refusals).toBeGreaterThan(2);
      await close(page);
    });

    it('says that the site was replaced when a part of the old one is gone, and keeps what was written', async () => {
      const person = await pages.person();
      const network = await Network.of(person);
      const page = await pages.login('demo', { of: person });
      await network.cut();
      await page.getByTestId('offline-banner').waitFor();
      await say(page, 'across the versions');
      await page.getByTestId('composer').fill('half a sentence');
      // The server names other files by now, and has no others.
      let isReloaded = false;
      await person.route(/\/assets\/zh-words-/, (route) =>
        isReloaded ? route.continue() : route.fulfill({ status: 404, body: '' }),
      );
      await person.route(
        ({ pathname }) => pathname === '/' || pathname === '/rooms/1',
        async (route) => {
          isReloaded ||= route.request().isNavigationRequest();
          if (isReloaded) return route.continue();
          const response = await route.fetch();
          const body = (await response.text()).replace(/\/assets\/index-[^"]+\.js/, '/assets/index-next.js');
          return route.fulfill({ response, body });
        },
      );
      await page.getByTestId('settings').click();
      await page.getByTestId('language').selectOption('zh');
      await page.getByTestId('new-version').filter({ hasText: 'what you have written is kept' }).waitFor();
      await page.getByTestId('reload').click();
      await page.locator('html[lang=zh-Hans]').waitFor({ state: 'attached' });
      expect(await page.getByTestId('composer').inputValue()).toBe('half a sentence');
      await network.restore();
      await sent(page, 'across the versions');
      expect(await page.getByTestId('new-version').count()).toBe(0);
      await close(page);
    });

    it('does not ask again for what is not there', async () => {
      const page = await pages.login('demo');
      await page.clock.install();
      let asked = 0;
      page.on('request', (request) => {
        if (request.url().includes('/v1/rooms/999999/messages')) asked++;
      });
      await page.goto(`${stack.webUrl}/rooms/999999`);
      await page.getByTestId('thread-missing').waitFor();
      await page.getByTestId('room-link').first().waitFor();
      // Longer than any wait before another try.
      await page.clock.runFor(20_000);
      expect(asked).toBe(1);
      await close(page);
    });

    it('never goes blank when the browser translates it', async () => {
      const [page, other] = await Promise.all([pages.login('demo'), pages.login('demo1')]);
      await page.getByTestId('composer').fill('half a sentence');
      await page.evaluate(translateLikeABrowser);
      for (const text of ['uno', 'dos', 'tres']) {
        await say(other, text);
        await shows(page, text);
      }
      // What changes most: another room, other members, a language, an error and its end.
      await page.getByTestId('new-room').click();
      await page.getByTestId('new-room-name').fill(`translated ${Date.now()}`);
      await page.getByTestId('new-room-submit').click();
      await page.waitForURL(/rooms\/(?!1$)/);
      await say(page, 'in the new room');
      await shows(page, 'in the new room');
      await page.goBack();
      await shows(page, 'tres');
      expect(await page.getByTestId('composer').inputValue()).toBe('half a sentence');
      await say(other, 'cuatro');
      await shows(page, 'cuatro');
      await close(page, other);
    });

    it('builds a pane anew whose elements were taken away', async () => {
      const [page, other] = await Promise.all([pages.login('demo'), pages.login('demo1')]);
      await page.getByTestId('composer').fill('still here');
      await page.evaluate(() =>
        document.querySelector('#messages ol:last-of-type > li:last-child')?.remove(),
      );
      await page.evaluate(() => {
        for (const item of document.querySelectorAll('[data-testid=member]')) item.parentElement?.remove();
      });
      await other.context().close();
      const third = await pages.login('demo2');
      await say(third, 'after the extension');
      await shows(page, 'after the extension');
      await page.locator('[data-testid=member]').first().waitFor();
      expect(await page.getByTestId('composer').inputValue()).toBe('still here');
      await close(page, third);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });

/** What translators do, Chromium's own among them: each text becomes an element in an element, now and later. */
function translateLikeABrowser(): void {
  const translate = (root: Node) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      const parent = text.parentElement;
      if (!parent || parent.closest('font, textarea, script, style, [translate=no]') || !text.data.trim())
        continue;
      const outer = document.createElement('font');
      const inner = document.createElement('font');
      inner.textContent = text.data;
      outer.append(inner);
      parent.replaceChild(outer, text);
    }
  };
  translate(document.body);
  new MutationObserver((records) => {
    for (const { addedNodes } of records)
      for (const node of addedNodes) if (node.isConnected) translate(node);
  }).observe(document.body, { childList: true, subtree: true });
}
