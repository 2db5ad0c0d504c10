import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, Network, online, Pages, patience, shows } from './pages.js';

/** What comes late, when somebody does something else already, does not get in his way. */
export const lateAnswers = (running: () => Stack) =>
  describe('what comes late', { timeout: 60_000 }, () => {
    let stack: Stack;
    let pages: Pages;
    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
    });
    afterAll(() => pages?.close());

    /** Somebody new, and a room of theirs. */
    async function owner() {
      const name = `late ${Date.now()} ${Math.floor(Math.random() * 1_000)}`;
      const { token } = await stack.api().register(name, '111111');
      const api = stack.api(token);
      const { roomId } = await api.createRoom(name);
      return { name, api, roomId };
    }
    /** Keeps the next request to `url` waiting. @returns What is asked, once it is, and what lets its answer come. */
    async function hold(
      page: Page,
      url: RegExp,
    ): Promise<{ asked(): Promise<void>; release(): Promise<void> }> {
      const held: Route[] = [];
      await page.route(url, (route) => void held.push(route));
      return {
        asked: () => expect.poll(() => held.length, patience).toBe(1),
        release: async () => {
          const answered = page.waitForResponse(url);
          for (const route of held) await route.continue();
          await (await answered).finished();
          await page.unroute(url);
          // Until the page has done with it what it wants to.
          await page.evaluate(
            () => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve))),
          );
        },
      };
    }
    const composer = (page: Page) => page.getByTestId('composer');

    it('leads nobody who has gone elsewhere into the room of a code', async () => {
      const { api, roomId } = await owner();
      const { code } = await api.changeDoor(roomId, { code: true });
      const { name } = await owner();
      const page = await pages.login(name, { path: '/rooms/1' });
      await page.getByTestId('join-by-code').click();
      const joining = await hold(page, /\/v1\/rooms\/join$/);
      await page.getByTestId('code').fill(code ?? '');
      await page.getByTestId('code').press('Enter');
      await joining.asked();
      await page.goBack();
      await composer(page).fill('half a sent');
      const at = page.url();
      await joining.release();
      expect([page.url(), await composer(page).inputValue()]).toEqual([at, 'half a sent']);
      // He has come in all the same.
      await page.locator(`[data-testid=room-link][data-room-id="${roomId}"]`).waitFor(patience);
      await close(page);
    });

    // It took the focus from the composer, and Enter made an invitation.
    it('opens no dialog over what somebody writes', async () => {
      const { name, roomId } = await owner();
      const page = await pages.login(name, { path: `/rooms/${roomId}` });
      const dialog = await hold(page, /\/assets\/invite-dialog-.*\.js$/);
      await page.getByTestId('invite').click();
      await dialog.asked();
      await composer(page).pressSequentially('hello');
      await dialog.release();
      await page.keyboard.press('Enter');
      await shows(page, 'hello');
      await page.getByTestId('invite').click();
      await page.getByTestId('invite-make').waitFor(patience);
      await close(page);
    });

    it('has a command given once, which one comes back to', async () => {
      const { name, roomId } = await owner();
      const { roomId: elsewhere } = await stack.api(await stack.login(name)).createRoom(`elsewhere ${name}`);
      const person = await pages.person();
      const network = await Network.of(person);
      const page = await pages.login(name, { path: `/rooms/${roomId}`, of: person });
      await composer(page).fill('/announce once only');
      await network.cut();
      await composer(page).press('Enter');
      const note = page.locator('[data-testid=command-note][data-outcome=running]');
      await note.waitFor(patience);
      const entry = (id: number) => page.locator(`[data-testid=room-link][data-room-id="${id}"]`);
      await entry(elsewhere).click();
      await note.waitFor({ state: 'detached' });
      await entry(roomId).click();
      await note.waitFor(patience);
      await composer(page).press('Enter');
      await network.restore();
      await online(page);
      await shows(page, 'once only');
      await note.waitFor({ state: 'detached', ...patience });
      expect(await page.getByTestId('message-text').filter({ hasText: 'once only' }).count()).toBe(1);
      expect(await composer(page).inputValue()).toBe('');
      await close(page);
    });

    it('opens no drawer by itself when one comes back to a room', async () => {
      const { name, roomId } = await owner();
      const { roomId: elsewhere } = await stack.api(await stack.login(name)).createRoom(`elsewhere ${name}`);
      const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
      const page = await pages.login(name, { ...phone, path: `/rooms/${roomId}` });
      const isShut = () => expect.poll(() => page.locator('main').getAttribute('inert'), patience).toBeNull();
      await page.getByTestId('open-sidebar').click();
      await page.locator(`[data-testid=room-link][data-room-id="${elsewhere}"]`).click();
      await page.getByTestId('thread-name').filter({ hasText: 'elsewhere' }).waitFor(patience);
      await isShut();
      await page.getByTestId('open-sidebar').click();
      await expect.poll(() => page.locator('main').getAttribute('inert'), patience).toBe('');
      await page.goBack();
      await page.getByTestId('thread-name').filter({ hasNotText: 'elsewhere' }).waitFor(patience);
      await isShut();
      await page.goForward();
      await page.getByTestId('thread-name').filter({ hasText: 'elsewhere' }).waitFor(patience);
      // At once, not some time: shown with the name, or not at all.
      expect(await page.locator('main').getAttribute('inert')).toBeNull();
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
