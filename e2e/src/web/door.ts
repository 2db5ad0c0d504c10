import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { Stack } from '../stack.js';
import { close, message, Pages, patience, say, shows } from './pages.js';

const phone = { viewport: { width: 360, height: 640 }, hasTouch: true };

/** How somebody comes into a room without an account, by a link on a phone. */
export const door = (running: () => Stack) =>
  describe('the door', () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    async function hosted(name: string) {
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`${name} ${Date.now()}`);
      return { roomId, host: await pages.login('demo', { path: `/rooms/${roomId}`, gateway: 0 }) };
    }
    /** The path of a new link. */
    async function link(host: Page, uses?: string): Promise<string> {
      await host.getByTestId('invite').click();
      if (uses !== undefined) await host.getByTestId('invite-uses').fill(uses);
      await host.getByTestId('invite-make').click();
      return new URL(await host.getByTestId('invite-link').inputValue()).pathname;
    }
    async function come(page: Page, name: string): Promise<void> {
      await page.getByTestId('join-name').fill(name);
      await page.getByTestId('join-name').press('Enter');
    }
    const fits = (page: Page) =>
      page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

    it('is opened by a host with a link and a QR code, and a guest comes in by a name and stays', async () => {
      const { host, roomId } = await hosted('Physics');
      const path = await link(host, '5');
      await host.getByTestId('invite-qr').waitFor();
      await host.getByTestId('open-invite').filter({ hasText: '0 of 5' }).waitFor();
      await host.keyboard.press('Escape');

      const guest = await pages.open({ ...phone, path, gateway: 1 });
      await guest.getByTestId('join-room').filter({ hasText: 'Physics' }).waitFor();
      expect(await fits(guest)).toBe(true);
      await come(guest, 'demo');
      await guest.getByTestId('error').filter({ hasText: 'taken' }).waitFor();
      await come(guest, 'Ada L.');
      await guest.waitForURL(`**/rooms/${roomId}`);
      // On a phone Enter begins a line.
      await guest.getByTestId('composer').fill('good morning');
      await guest.getByTestId('send').click();
      await shows(host, 'good morning');
      await say(host, 'welcome');
      await shows(guest, 'welcome');

      // Nothing leads elsewhere, and nothing asks for what is not a guest's.
      await guest.reload();
      await message(guest, 'welcome').waitFor(patience);
      await guest.getByTestId('open-sidebar').click();
      await guest.getByTestId('me').filter({ hasText: 'Ada L.' }).waitFor();
      for (const other of ['new-room', 'invite']) expect(await guest.getByTestId(other).count()).toBe(0);
      await guest.goto(new URL('/rooms/1', guest.url()).href);
      await guest.waitForURL(`**/rooms/${roomId}`);

      // The host sees who came, and has them leave.
      await host.getByTestId('invite').click();
      await host.getByTestId('open-invite').filter({ hasText: '1 of 5' }).waitFor();
      await host.getByTestId('withdraw-all').click();
      await host.getByTestId('open-invite').waitFor({ state: 'detached' });
      await guest.waitForURL('**/login');
      await guest.goto(new URL(path, guest.url()).href);
      await guest.getByTestId('error').filter({ hasText: 'withdrawn' }).waitFor();
      await close(guest);
      await close(host);
    });

    it('speaks Chinese, lets accounts straight in, and brings who logs in back', async () => {
      const { host, roomId } = await hosted('物理');
      const path = await link(host);
      const visitor = await pages.open({ ...phone, path, locale: 'zh-CN' });
      await visitor.getByText('你收到了邀请').first().waitFor();
      await visitor.getByTestId('join-login').click();
      await visitor.getByTestId('login-name').fill('demo1');
      await visitor.getByTestId('login-password').fill('111111');
      await visitor.getByTestId('login-submit').click();
      await visitor.waitForURL(`**${path}`);
      await visitor.getByTestId('join-open').click();
      await visitor.waitForURL(`**/rooms/${roomId}`);
      await close(visitor);
      await close(host);
      expect(pages.problems).toEqual([]);
    });
  });
