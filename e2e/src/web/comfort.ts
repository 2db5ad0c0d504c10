import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, eventually, HeldFrames, message, Pages, post, shows, patience, settled } from './pages.js';

const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

/** The page fits whoever reads: the screen, the hand, the eyes, the clock. */
export const comfort = (running: () => Stack) =>
  describe('comfort', { timeout: 60_000 }, () => {
    let pages: Pages;
    let path: string;
    /** Messages that are on the screen from top to bottom. */
    const inSight = (page: Page) =>
      page.evaluate(() => {
        const list = document.querySelector('[data-testid=message-list]')?.getBoundingClientRect();
        return [...document.querySelectorAll('[data-testid=message-text]')]
          .map((text) => text.getBoundingClientRect())
          .filter(({ top, bottom }) => list && top >= list.top && bottom <= list.bottom).length;
      });
    const timeOf = (page: Page, text: string) => message(page, text).locator('time');

    beforeAll(async () => {
      const stack = running();
      pages = await Pages.launch(stack);
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`Comfort ${Date.now()}`);
      const tokens = await Promise.all(['demo1', 'demo2', 'demo3'].map((name) => stack.login(name)));
      for (let i = 0; i < 33; i++)
        await post(stack, tokens[i % tokens.length] ?? '', roomId, `line ${i} of one line`);
      for (const text of ['first of two', 'second of two']) await post(stack, tokens[0] ?? '', roomId, text);
      path = `/rooms/${roomId}`;
    });
    afterAll(() => pages?.close());

    it('has at least 16 messages of one line in sight at 1280x800 when they are compact, and remembers that', async () => {
      const page = await pages.login('demo', { path, viewport: { width: 1_280, height: 800 } });
      await shows(page, 'second of two');
      const comfortable = await settled(page, () => inSight(page));
      await page.getByTestId('settings').click();
      await page.getByTestId('density').selectOption('compact');
      await expect.poll(() => inSight(page), patience).toBeGreaterThanOrEqual(16);
      expect(await settled(page, () => inSight(page))).toBeGreaterThan(comfortable);
      await page.reload();
      await shows(page, 'second of two');
      await expect.poll(() => inSight(page), patience).toBeGreaterThanOrEqual(16);
      await close(page);
    });

    it('has lines that can be read, in the middle of a wide screen', async () => {
      const page = await pages.login('demo', { path, viewport: { width: 2_560, height: 1_200 } });
      await shows(page, 'second of two');
      await page.getByTestId('settings').click();
      for (const density of ['comfortable', 'compact']) {
        await page.getByTestId('density').selectOption(density);
        const { left, right, width } = await page.getByTestId('message-list').evaluate((list) => {
          const outer = list.getBoundingClientRect();
          const inner = (list.querySelector('ol') ?? list).getBoundingClientRect();
          return { left: inner.left - outer.left, right: outer.right - inner.right, width: inner.width };
        });
        expect(width).toBeLessThanOrEqual(1_100);
        // The scroll bar stands on one side.
        expect(Math.abs(left - right)).toBeLessThan(20);
      }
      await close(page);
    });

    it('on a phone Enter begins a line and the button sends, with the keyboard left open; every message has its time', async () => {
      const page = await pages.login('demo', { path, ...phone });
      await shows(page, 'second of two');
      expect(await timeOf(page, 'second of two').isVisible()).toBe(true);
      const composer = page.getByTestId('composer');
      // The keyboard would hide half of the room.
      expect(await composer.evaluate((element) => element === document.activeElement)).toBe(false);
      expect(await composer.getAttribute('enterkeyhint')).toBe('enter');
      await composer.tap();
      await page.keyboard.type('one');
      await page.keyboard.press('Enter');
      await page.keyboard.type('two');
      expect(await composer.inputValue()).toBe('one\ntwo');
      await page.getByTestId('send').tap();
      await shows(page, 'one\ntwo');
      expect(await composer.evaluate((element) => element === document.activeElement)).toBe(true);
      await close(page);
    });

    it('with a mouse Enter sends, Shift and Enter begin a line, and the time of each message shows under the pointer', async () => {
      const page = await pages.login('demo', { path });
      await shows(page, 'second of two');
      expect(await timeOf(page, 'second of two').isVisible()).toBe(false);
      await message(page, 'second of two').hover();
      expect(await timeOf(page, 'second of two').isVisible()).toBe(true);
      const composer = page.getByTestId('composer');
      await composer.press('a');
      await composer.press('Shift+Enter');
      await composer.press('b');
      expect(await composer.inputValue()).toBe('a\nb');
      await composer.press('Enter');
      await shows(page, 'a\nb');
      expect(await composer.inputValue()).toBe('');
      await close(page);
    });

    // The settings of a room moved away right when somebody pressed, and what was opened was the invitation beside them.
    it('keeps what can be pressed where it is when it is known who is online', async () => {
      const person = await pages.person();
      const counts = await HeldFrames.of(person, (text) => /"op":[45]\b/.test(text));
      counts.hold();
      const asked: Route[] = [];
      await person.route(/\/members\b/, (route) => void asked.push(route));
      const page = await pages.login('demo', { path, of: person });
      const online = page.getByTestId('online-count');
      const places = async () => {
        const boxes = await Promise.all(
          ['room-settings', 'invite', 'online-count'].map((id) => page.getByTestId(id).boundingBox()),
        );
        return boxes.map((box) => box?.x);
      };
      await page.getByTestId('room-settings').waitFor();
      await eventually(() => expect(counts.texts).not.toEqual([]));
      expect(await online.getAttribute('data-count')).toBe(null);
      const before = await places();
      counts.release();
      await Promise.all(asked.map((route) => route.continue()));
      await page.locator('[data-testid=online-count][data-count]').waitFor();
      expect(await places()).toEqual(before);
      await close(page);
    });

    it.each([
      ['en-US', /^\d{1,2}:\d\d\s[ap]m$/i],
      ['de-DE', /^\d\d:\d\d$/],
    ])('counts the hours as %s does', async (locale, time) => {
      const page = await pages.login('demo', { path, locale });
      await shows(page, 'second of two');
      expect(await page.locator('[data-testid=message-list] time').first().innerText()).toMatch(time);
      await close(page);
    });

    it('gives whoever has large letters the layout of a small screen', async () => {
      const page = await pages.open({ path });
      const session = await page.context().newCDPSession(page);
      await session.send('Page.setFontSizes', { fontSizes: { standard: 32 } });
      await page.getByTestId('demo-login').first().click();
      await page.getByTestId('open-sidebar').waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await close(page);
    });

    // Who had made a room saw the list that it was made in, and nothing that they could write into.
    it('shuts the lists of a phone whatever leads elsewhere', async () => {
      const page = await pages.login('demo', { path, ...phone });
      await shows(page, 'second of two');
      const composer = page.getByTestId('composer');
      await page.getByTestId('open-sidebar').tap();
      await page.getByTestId('new-room').tap();
      await page.getByTestId('new-room-name').fill(`made on a phone ${Date.now()}`);
      await page.getByTestId('new-room-submit').tap();
      await page.getByTestId('thread-name').filter({ hasText: 'made on a phone' }).waitFor(patience);
      await composer.fill('no drawer over it', patience);
      await page.getByTestId('open-sidebar').tap();
      await page.getByTestId('logout').waitFor();
      await page.goBack();
      await shows(page, 'second of two');
      await composer.fill('nor on the way back', patience);
      await close(page);
    });

    // The browser's own correction for the new width was taken for the reader's scrolling.
    it.each([
      ['at the newest', 0],
      ['further up', 1_000],
    ])('keeps who reads %s there when the phone is turned', async (_where, upPx) => {
      const stack = running();
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`Turned ${Date.now()}`);
      const token = await stack.login('demo1');
      for (let i = 0; i < 45; i++)
        await post(stack, token, roomId, `line ${i} ${'of words that wrap '.repeat((i % 7) * 3)}`);
      const page = await pages.login('demo2', { path: `/rooms/${roomId}`, ...phone });
      await shows(page, 'line 44');
      const list = page.getByTestId('message-list');
      /** What is at the top, how far from it a message is, and how far it is to the end. */
      const place = (seq?: number) =>
        settled(page, () =>
          list.evaluate((element, wanted) => {
            const { top } = element.getBoundingClientRect();
            const rows = [...element.querySelectorAll('[data-testid=message]')];
            const first = rows.find((row) => row.getBoundingClientRect().bottom > top + 1);
            const seqOf = (row: Element | undefined) => Number(row?.getAttribute('data-seq'));
            const that = rows.find((row) => seqOf(row) === wanted)?.getBoundingClientRect();
            return {
              first: seqOf(first),
              topPx: (that?.top ?? Infinity) - top,
              belowPx: element.scrollHeight - element.scrollTop - element.clientHeight,
            };
          }, seq),
        );
      await place();
      await list.evaluate((element, by) => element.scrollBy(0, -by), upPx);
      const { first } = await place();
      const before = await place(first);
      await page.setViewportSize({ width: 844, height: 390 });
      // The message that was first, where it began, though its lines wrap elsewhere.
      const after = await place(first);
      if (upPx === 0) expect(after.belowPx).toBeLessThan(2);
      else expect(Math.abs(after.topPx - before.topPx)).toBeLessThan(2);
      await close(page);
    });

    it('has the name of the room on the phone of a host, too', async () => {
      const stack = running();
      const { roomId } = await stack.api(await stack.login('demo')).createRoom('Biology of class 9b');
      const page = await pages.login('demo', { path: `/rooms/${roomId}`, ...phone });
      await page.getByTestId('panic').waitFor();
      await page.getByTestId('invite').waitFor();
      const cut = () =>
        page.getByTestId('thread-name').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
      await expect.poll(cut, patience).toBe(0);
      await close(page);
    });

    it.each(['en-US', 'zh-CN'])('fits a screen of 320 pixels (%s)', async (locale) => {
      const small = { ...phone, viewport: { width: 320, height: 568 }, locale };
      const page = await pages.open({ path, ...small });
      const tooWide = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('body *')]
            // Drawers that are shut stand beside the screen.
            .filter(
              (element) => !element.closest('[data-drawer=closed]') && element.getClientRects().length > 0,
            )
            .filter((element) => {
              const { left, right } = element.getBoundingClientRect();
              return left < -1 || right > window.innerWidth + 1;
            })
            .map((element) => element.outerHTML.slice(0, 100)),
        );
      // Drawers and dialogs come in.
      const fits = (what: string) => expect.poll(tooWide, { message: what, ...patience }).toEqual([]);
      await page.getByTestId('login-name').waitFor();
      await fits('log-in');
      await page.getByTestId('demo-login').first().tap();
      await shows(page, 'second of two');
      await fits('a room');
      await page.getByTestId('open-sidebar').tap();
      await page.getByTestId('logout').waitFor();
      await page.getByTestId('settings').tap();
      await fits('the lists');
      await page.getByTestId('show-keys').tap();
      await page.getByTestId('keys').waitFor();
      await fits('a dialog');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.getByTestId('online-count').tap();
      await page.getByTestId('member').first().waitFor();
      await fits('who is here');
      await close(page);
    });

    it('throws nothing', () => expect(pages.problems).toEqual([]));
  });
