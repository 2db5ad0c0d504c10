import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import {
  asIfThere,
  close,
  fillLogin,
  message,
  Network,
  online,
  say,
  sent,
  shows,
  Pages,
  eventually,
} from './pages.js';

/** What a person writes is not lost, and is there once. */
export const outbox = (running: () => Stack) =>
  describe('the outbox', { timeout: 120_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    const room = async (name: string) => {
      const token = await stack.login('demo');
      const api = stack.api(token);
      const { roomId } = await api.createRoom(`${name} ${Date.now()}`);
      return {
        path: `/rooms/${roomId}`,
        roomId,
        texts: async () => (await api.history(roomId)).messages.map(({ msg }) => msg),
      };
    };
    const waiting = (page: Page, text: string) =>
      message(page, text).and(page.locator('[data-status=pending]')).waitFor();

    it('survives a reload without a connection, and sends in line, once', async () => {
      const { path, texts } = await room('reload');
      const person = await pages.person();
      const network = await Network.of(person);
      const page = await pages.login('demo', { path, of: person });
      await network.cut();
      await page.reload();
      await page.getByTestId('composer').waitFor();
      await page.getByTestId('offline-banner').waitFor();
      for (const text of ['one', 'two', 'three']) await say(page, text);
      await waiting(page, 'three');
      await page.reload();
      await waiting(page, 'one');
      await waiting(page, 'three');
      await network.restore();
      await page.reload();
      for (const text of ['one', 'two', 'three']) await sent(page, text);
      expect(await texts()).toEqual(['one', 'two', 'three']);
      await close(page);
    });

    it('survives log-out elsewhere and another person at the same browser', async () => {
      const { path, roomId, texts } = await room('log-out');
      const person = await pages.person();
      const network = await Network.of(person);
      const page = await pages.login('demo1', { path, of: person });
      const token = await page.evaluate(
        () => JSON.parse(localStorage['parley.session'] ?? '{}').token as string,
      );
      await network.cut();
      await page.getByTestId('offline-banner').waitFor();
      await say(page, 'not lost');
      await waiting(page, 'not lost');
      await stack.api(token).logout();
      await network.restore();
      await page.getByTestId('login-name').waitFor();
      await fillLogin(page, 'demo2');
      await online(page);
      expect(page.url()).toContain(path);
      await say(page, 'somebody else');
      await sent(page, 'somebody else');
      expect(await message(page, 'not lost').count()).toBe(0);
      await page.getByTestId('logout').first().click();
      await fillLogin(page, 'demo1');
      await sent(page, 'not lost');
      expect(page.url()).toContain(path);
      await eventually(async () => expect(await texts()).toEqual(['somebody else', 'not lost']));
      const { messages } = await stack.api(await stack.login('demo1')).history(roomId);
      expect(messages.map(({ fromUserName }) => fromUserName)).toEqual(['demo2', 'demo1']);
      await close(page);
    });

    it('is one for all tabs: each shows it, one sends, and another takes over when that is closed', async () => {
      const { path, texts } = await room('tabs');
      const person = await pages.person();
      const network = await Network.of(person);
      const first = await pages.login('demo', { path, of: person });
      const second = await pages.open({ path, of: person });
      await online(second);
      await say(first, 'from the first');
      await say(second, 'from the second');
      await Promise.all(
        [first, second].flatMap((page) => [sent(page, 'from the first'), sent(page, 'from the second')]),
      );
      await network.cut();
      for (const page of [first, second]) await page.getByTestId('offline-banner').waitFor();
      await say(second, 'alpha');
      await waiting(first, 'alpha');
      await say(first, 'beta');
      await waiting(second, 'beta');
      await say(second, 'gamma');
      await waiting(first, 'gamma');
      await first.close();
      await network.restore();
      await sent(second, 'gamma');
      expect((await texts()).slice(2)).toEqual(['alpha', 'beta', 'gamma']);
      await close(second);
    });

    it('gives back what was refused: to be written anew, or dropped', async () => {
      const page = await pages.login('demo');
      // A user who does not exist, as far as the page knows: the server refuses for good.
      await page.route('**/v1/users/999999/presence', asIfThere);
      await page.goto(`${stack.webUrl}/direct/999999`);
      await online(page);
      await say(page, 'to nobody');
      await page.getByTestId('send-error').waitFor();
      await page.reload();
      await page.getByTestId('send-error').waitFor();
      await page.getByTestId('edit-unsent').click();
      await expect.poll(() => page.getByTestId('composer').inputValue()).toBe('to nobody');
      await message(page, 'to nobody').waitFor({ state: 'detached' });
      await say(page, 'again to nobody');
      await page.getByTestId('discard').click();
      await message(page, 'again to nobody').waitFor({ state: 'detached' });
      await page.reload();
      await online(page);
      expect(await message(page, 'again to nobody').count()).toBe(0);
      await close(page);
    });

    it('and what was only begun is there after the tab was closed', async () => {
      const { path } = await room('draft');
      const person = await pages.person();
      const page = await pages.login('demo', { path, of: person });
      await page.getByTestId('composer').fill('half a sent');
      await page.close();
      const again = await pages.open({ path, of: person });
      await expect.poll(() => again.getByTestId('composer').inputValue()).toBe('half a sent');
      await close(again);
    });

    it('promises no more than is true where the browser keeps nothing', async () => {
      const { path, texts } = await room('private');
      const person = await pages.person();
      const network = await Network.of(person);
      // As Firefox where sites may keep nothing: not even a line to another tab is to be had.
      await person.addInitScript(() => {
        const refused = () => {
          throw new DOMException('no', 'SecurityError');
        };
        for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, { get: refused });
        Object.assign(window, { BroadcastChannel: refused });
      });
      const page = await pages.open({ path, of: person });
      await fillLogin(page, 'demo');
      await online(page);
      await network.cut();
      await page.getByTestId('offline-banner').filter({ hasText: 'leave this tab open' }).waitFor();
      await say(page, 'in memory');
      await waiting(page, 'in memory');
      await network.restore();
      await sent(page, 'in memory');
      await shows(page, 'in memory');
      expect(await texts()).toEqual(['in memory']);
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
