import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import {
  close,
  distanceToEnd,
  HeldFrames,
  message,
  post,
  settled,
  shows,
  Pages,
  eventually,
} from './pages.js';

/** A room in which much is said. How fast it is, `npm run measure -- --web` shows. */
export const busyRoom = (running: () => Stack) =>
  describe('a busy room', () => {
    let pages: Pages;
    beforeAll(async () => {
      pages = await Pages.launch(running());
    });
    afterAll(() => pages?.close());

    async function room(name: string) {
      const stack = running();
      const { roomId } = await stack.api(await stack.login('demo')).createRoom(`${name} ${Date.now()}`);
      const tokens = await Promise.all(['demo1', 'demo2', 'demo3'].map((user) => stack.login(user)));
      let said = 0;
      /** Several people at once: each has a limit. */
      const talk = async (count: number) => {
        for (let i = 0; i < count; i += tokens.length)
          await Promise.all(tokens.map((token) => post(stack, token, roomId, `said ${said++}`)));
        return said - 1;
      };
      return { path: `/rooms/${roomId}`, roomId, talk };
    }
    const placeOf = (page: Page, text: string) =>
      message(page, text).evaluate((element) => element.getBoundingClientRect().top);
    /** The end of the list is in sight, once what is on its way has come. */
    const isFollowing = async (page: Page) => {
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
      const farPx = await page.getByTestId('message-list').evaluate(distanceToEnd);
      return farPx <= 1 && !(await page.getByTestId('jump-to-latest').isVisible());
    };
    const exactly = (text: string) => new RegExp(`^${text}$`);

    it('shows every message in order, and keeps no more of them than it needs', async () => {
      const { path, talk } = await room('order');
      const page = await pages.login('demo', { path });
      await page.getByText('It is quiet here').waitFor();
      await talk(240);
      await page.locator('[data-testid=message][data-seq="240"]').waitFor();
      const seqs = await page
        .getByTestId('message')
        .evaluateAll((messages) => messages.map((element) => Number(element.getAttribute('data-seq'))));
      expect(seqs).toEqual(seqs.map((_, i) => 240 - seqs.length + 1 + i));
      expect(seqs.length).toBeGreaterThanOrEqual(64);
      expect(seqs.length).toBeLessThanOrEqual(96);
      await close(page);
    });

    it('follows the newest from the first on, also when much of it comes at once', async () => {
      const { path, talk } = await room('beginning');
      const person = await pages.person();
      const frames = await HeldFrames.of(person, () => true);
      const page = await pages.login('demo', { path, of: person });
      await page.getByText('It is quiet here').waitFor();
      frames.hold();
      const last = await talk(60);
      // The last one itself: what else a server says is held, too.
      await eventually(() => expect(frames.texts.some((text) => text.includes(`said ${last}"`))).toBe(true));
      frames.release();
      await shows(page, `said ${last}`);
      expect(await isFollowing(page)).toBe(true);
      await close(page);
    });

    // The page went on saying that it was quiet here until the user himself said something.
    it('shows what is said in an empty room before it is joined', async () => {
      const { path, roomId, talk } = await room('late');
      const person = await pages.person();
      const held: (() => void)[] = [];
      let isHeld = true;
      await person.routeWebSocket(/\/ws$/, (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((text) => {
          const isJoin = isHeld && String(text).includes(`"roomId":${roomId}`);
          if (isJoin) held.push(() => server.send(text));
          else server.send(text);
        });
        server.onMessage((frame) => socket.send(frame));
      });
      const page = await pages.login('demo', { path, of: person });
      await page.getByText('It is quiet here').waitFor();
      await eventually(() => expect(held.length).toBeGreaterThan(0));
      const last = await talk(6);
      isHeld = false;
      for (const send of held) send();
      await shows(page, `said ${last}`);
      await shows(page, 'said 0');
      const next = await talk(3);
      await shows(page, `said ${next}`);
      await close(page);
    });

    it('stays at the newest while somebody writes more than a line', async () => {
      const { path, talk } = await room('writing');
      await talk(60);
      const page = await pages.login('demo', { path });
      await shows(page, 'said 59');
      await page.getByTestId('composer').fill('a line and more '.repeat(20));
      const { height } = (await page.getByTestId('composer').boundingBox()) ?? { height: 0 };
      expect(height).toBeGreaterThan(60);
      await page.getByTestId('composer').pressSequentially('and more');
      const last = await talk(30);
      await shows(page, `said ${last}`);
      expect(await isFollowing(page)).toBe(true);
      await page.getByTestId('composer').fill('');
      await eventually(async () =>
        expect((await page.getByTestId('composer').boundingBox())?.height).toBeLessThan(60),
      );
      expect(await isFollowing(page)).toBe(true);
      await close(page);
    });

    it('leaves a reader who scrolled up exactly where they are', async () => {
      const { path, talk } = await room('place');
      await talk(60);
      const page = await pages.login('demo', { path });
      await shows(page, 'said 59');
      await page.getByTestId('message-list').hover();
      await page.mouse.wheel(0, -900);
      await page.getByTestId('jump-to-latest').waitFor();
      await settled(page, () => page.getByTestId('message-list').evaluate((list) => list.scrollTop));
      const held = await page.evaluate(() => {
        const list = document.querySelector('[data-testid=message-list]');
        const top = list?.getBoundingClientRect().top ?? 0;
        return [...document.querySelectorAll('[data-testid=message-text]')].find(
          (text) => text.getBoundingClientRect().top > top + 100,
        )?.textContent;
      });
      const before = await placeOf(page, held ?? '');
      const last = await talk(60);
      await eventually(async () =>
        expect(await page.getByTestId('jump-to-latest').innerText()).toContain(String(60)),
      );
      expect(await placeOf(page, held ?? '')).toBe(before);
      await page.getByTestId('jump-to-latest').click();
      await page
        .getByTestId('message-text')
        .filter({ hasText: exactly(`said ${last}`) })
        .waitFor();
      await close(page);
    });

    it('counts what is unread in the title of a tab that nobody looks at', async () => {
      const { path, talk } = await room('hidden');
      // Somebody in whose other rooms nothing is unread.
      const name = `hidden ${Date.now()}`;
      await running().api().register(name, '111111');
      const page = await pages.login(name, { path });
      // What is there when a room is opened for the first time is not unread.
      await page.getByText('It is quiet here').waitFor();
      await page.evaluate(() => {
        // What a hidden tab has: no frames, and the state.
        window.requestAnimationFrame = () => 0;
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await talk(6);
      await eventually(async () => expect(await page.title()).toMatch(/^\(6\)/));
      await close(page);
    });
  });
