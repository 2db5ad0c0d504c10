import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { findings } from './findings.js';
import { close, HeldFrames, message, Pages, patience, post, say, shows } from './pages.js';

const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const notice = (page: Page) => page.getByTestId('notice').last();
const gone = (page: Page, text: string) =>
  page.getByTestId('message-text').filter({ hasText: text }).waitFor({ state: 'detached' });
/** Chooses from the menu of a message, by its button. */
async function choose(page: Page, text: string, offer: string): Promise<void> {
  await message(page, text).hover();
  await message(page, text).getByTestId('message-tools').click();
  await page.getByTestId(`menu-${offer}`).click();
}

/** Asks for the menu of a message with a finger. Where the machine is slow a tap is a long one, and that opens it by itself. */
async function press(page: Page, of: Locator): Promise<void> {
  const menu = page.getByTestId('message-menu');
  const button = page.getByTestId('message-tools');
  await of.tap();
  await menu.or(button).first().waitFor();
  if (!(await menu.isVisible())) await button.tap();
}

/** A host's console in one window, who it is about in another, each on a gateway of its own. */
export const hosting = (running: () => Stack) =>
  describe('the host’s console', { timeout: 90_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    let owner: string;
    let pupil: string;
    const ids: number[] = [];

    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
      [owner, pupil] = [await stack.login('demo'), await stack.login('demo1')];
      for (const token of [owner, pupil]) ids.push((await stack.api(token).me()).userId);
    });
    afterAll(() => pages?.close());

    async function room(name: string, ...texts: string[]) {
      const { roomId } = await stack.api(owner).createRoom(`${name} ${Date.now()}`);
      for (const text of texts) await post(stack, pupil, roomId, text);
      return { roomId, path: `/rooms/${roomId}` };
    }

    it('deletes, restores, pins and times out by mouse, once; each is said and can be taken back', async () => {
      const { path, roomId } = await room('by mouse', 'something rude', 'something wise');
      const host = await pages.login('demo', { path, gateway: 0 });
      const other = await pages.login('demo1', { path, gateway: 1 });
      await Promise.all([host, other].map((page) => shows(page, 'something wise')));
      // Nobody is offered what he may not do.
      await message(other, 'something wise').hover();
      await message(other, 'something wise').getByTestId('message-tools').click();
      const offered = () =>
        other.getByRole('menuitem').evaluateAll((items) => items.map((item) => item.dataset['offer']));
      await expect.poll(offered, patience).toEqual(['delete']);
      await other.keyboard.press('Escape');

      await choose(host, 'something rude', 'delete');
      await Promise.all([host, other].map((page) => gone(page, 'something rude')));
      await notice(host).getByTestId('undo').click();
      await Promise.all([host, other].map((page) => shows(page, 'something rude')));

      await choose(host, 'something wise', 'pin');
      await expect.poll(() => notice(host).innerText(), patience).toContain('Message pinned.');

      await choose(host, 'something rude', 'timeout');
      await host.getByTestId('reason').fill('be nice');
      await host.getByTestId('timeout').dblclick();
      await host.getByTestId('person-dialog').waitFor({ state: 'detached' });
      await expect
        .poll(() => notice(host).innerText(), patience)
        .toContain('demo1 may not write for 10 minutes.');
      const mutedUntil = async () => (await stack.api(pupil).roomState(roomId)).state.mutedUntil;
      expect(await mutedUntil()).toBeGreaterThan(0);
      await host.keyboard.press('Alt+Shift+Z');
      await expect
        .poll(() => notice(host).innerText(), patience)
        .toContain('Taken back: demo1 may not write');
      expect(await mutedUntil()).toBe(0);
      await say(other, 'thank you');
      await shows(host, 'thank you');

      await host.getByTestId('room-settings').click();
      await host.getByTestId('show-log').click();
      const acts = () =>
        host.getByTestId('audit-line').evaluateAll((lines) => lines.map((line) => line.dataset['act']));
      await expect.poll(acts, patience).toEqual(['untimeout', 'timeout', 'pin', 'restore', 'delete']);
      expect(await host.getByTestId('audit').innerText()).toContain('be nice');
      await close(host, other);
    });

    it('panics and comes back by keyboard, with everything as it was', async () => {
      const { path, roomId } = await room('panic', 'hello', 'noise');
      const host = await pages.login('demo', { path, gateway: 0 });
      const other = await pages.login('demo1', { path, gateway: 1 });
      await Promise.all([host, other].map((page) => shows(page, 'noise')));
      await host.getByTestId('room-settings').click();
      await host.getByTestId('slow').fill('7');
      await host.getByTestId('slow').press('Enter');
      await host.getByTestId('settings-dialog').waitFor({ state: 'detached' });
      await host.keyboard.press('Alt+Shift+P');
      await host.getByTestId('panic-hide').selectOption('300');
      await host.getByTestId('panic-confirm').press('Enter');
      await host.getByTestId('panic-bar').waitFor();
      await Promise.all([host, other].map((page) => gone(page, 'noise')));
      await host.keyboard.press('Alt+Shift+P');
      await host.getByTestId('calm-restore').press('Enter');
      await host.getByTestId('panic-bar').waitFor({ state: 'detached' });
      await Promise.all([host, other].map((page) => shows(page, 'noise')));
      const { state } = await stack.api(owner).roomState(roomId);
      expect(state).toMatchObject({ mode: 'everyone', slowModeWaitTime: 7, panic: false });

      // To a message, its menu, and away again.
      await host.keyboard.press('Alt+ArrowUp');
      await host.keyboard.press('.');
      await host.getByTestId('message-menu').waitFor();
      await host.keyboard.press('ArrowDown');
      await host.keyboard.press('Enter');
      await gone(host, 'noise');
      await close(host, other);
    });

    // A press on what takes it back was for nothing while the act's ack was on its way; its effect may be there before.
    it('takes a panic back although nothing but its effect had come when it was asked for', async () => {
      const { path } = await room('late answer', 'hello');
      const person = await pages.person();
      const acks = await HeldFrames.of(person, (text) => text.includes('"op":22'));
      const host = await pages.login('demo', { path, of: person });
      await host.getByTestId('room-settings').waitFor();
      acks.hold();
      await host.keyboard.press('Alt+Shift+P');
      await host.getByTestId('panic-confirm').press('Enter');
      await host.getByTestId('panic-bar').waitFor();
      await host.getByTestId('panic-dialog').press('Escape');
      await host.keyboard.press('Alt+Shift+P');
      await host.getByTestId('calm-restore').press('Enter');
      acks.release();
      await host.getByTestId('panic-bar').waitFor({ state: 'detached' });
      await host.getByTestId('calm-dialog').waitFor({ state: 'detached' });
      await close(host);
    });

    it('does it all on a phone, in the dark and in Chinese, and axe finds nothing', async () => {
      const look = { colorScheme: 'dark', locale: 'zh-CN' } as const;
      const { path } = await room('phone', 'one', 'two');
      const other = await pages.login('demo1', { path, gateway: 1 });
      const host = await pages.login('demo', { path, gateway: 0, ...phone, ...look });
      await Promise.all([host, other].map((page) => shows(page, 'two')));
      const found: Record<string, string[]> = {};
      const check = async (state: string) => {
        const isWide = await host.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        found[state] = [...(await findings(host)), ...(isWide ? ['it scrolls sideways'] : [])];
      };
      await press(host, host.locator('[data-testid=message][data-seq="2"]'));
      await host.getByTestId('menu-delete').waitFor();
      await check('menu');
      await host.getByTestId('menu-delete').tap();
      await gone(other, 'two');
      await check('notice');
      await press(host, host.locator('[data-testid=message][data-seq="2"]'));
      await host.getByTestId('menu-original').tap();
      await host.getByTestId('original').filter({ hasText: 'two' }).waitFor();
      await check('original');
      await host.getByTestId('restore-original').tap();
      await shows(other, 'two');

      await host.getByTestId('room-settings').tap();
      await host.getByTestId('mode').selectOption('hosts');
      await host.getByTestId('closes').fill('2030-01-01T10:00');
      await check('settings');
      await host.getByTestId('save-settings').tap();
      await host.getByTestId('settings-dialog').waitFor({ state: 'detached' });

      await host.getByTestId('online-count').tap();
      await host
        .locator('li', { has: host.locator(`[data-user-id="${ids[1]}"]`) })
        .getByTestId('about-person')
        .tap();
      await host.getByTestId('person-dialog').waitFor();
      await host.getByTestId('their-messages').tap();
      await host.getByTestId('their-message').nth(1).waitFor();
      await host.getByTestId('acts-on-them').tap();
      await host.getByTestId('audit').waitFor();
      await check('person');
      await host.getByTestId('ban').tap();
      await check('asking');
      await host.getByTestId('ban-yes').tap();
      await other.getByTestId('put-out').waitFor();
      await host.getByTestId('person-dialog').waitFor({ state: 'detached' });
      await host.keyboard.press('Escape');

      await host.getByTestId('room-settings').tap();
      await host.getByTestId('show-restricted').tap();
      await host.getByTestId('lift').tap();
      await host.getByTestId('restricted-line').waitFor({ state: 'detached' });
      // It was one tap too many: the ban is there again, and lifted again.
      await notice(host).getByTestId('undo').tap();
      await host.locator('[data-testid=restricted-line][data-kind=ban]').waitFor();
      await host.getByTestId('lift').tap();
      await host.getByTestId('restricted-line').waitFor({ state: 'detached' });
      await host.getByTestId('show-log').tap();
      await host.getByTestId('audit-line').nth(4).waitFor();
      await check('log');
      await host.keyboard.press('Escape');
      await host.getByTestId('panic').tap();
      await host.getByTestId('panic-confirm').waitFor();
      await check('panic');
      await host.getByTestId('panic-confirm').tap();
      await host.getByTestId('panic-bar').waitFor();
      await check('bar');
      await host.getByTestId('calm').tap();
      await host.getByTestId('calm-only').waitFor();
      await check('calm');
      expect(Object.entries(found).filter(([, lines]) => lines.length > 0)).toEqual([]);
      await close(host, other);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
