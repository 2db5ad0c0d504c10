import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { close, online, Pages, shows, eventually } from './pages.js';

const link = (page: Page, roomId: number) =>
  page.locator(`[data-testid=room-link][data-room-id="${roomId}"]`);
/** What waits in a room, as its badge says; 0 without one. */
const unread = (page: Page, roomId: number) =>
  // In one step: a badge may go between two.
  link(page, roomId).evaluate((row) => row.querySelector('[data-testid=unread]')?.textContent ?? '0');
const waits = (page: Page, roomId: number, count: string) =>
  eventually(async () => expect(await unread(page, roomId)).toBe(count), { timeoutMs: 30_000 });

/** Rooms as they come and fill, and what is unread in them: on two gateways, on two devices. */
export const lists = (running: () => Stack) =>
  describe('lists', () => {
    const me = `lists ${Date.now()}`;
    let stack: Stack;
    let pages: Pages;
    /** Somebody who follows no rooms yet, and demo1, over HTTP. */
    let own: ReturnType<Stack['api']>;
    let demo1: ReturnType<Stack['api']>;

    beforeAll(async () => {
      stack = running();
      pages = await Pages.launch(stack);
      own = stack.api((await stack.api().register(me, '111111')).token);
      demo1 = stack.api(await stack.login('demo1'));
    });
    afterAll(() => pages?.close());

    it('shows a room that somebody makes, and how it fills, to whoever is online on either gateway', async () => {
      const [first, second] = await Promise.all([
        pages.login('demo2', { gateway: 0 }),
        pages.login('demo3', { gateway: 1 }),
      ]);
      const { roomId } = await own.createRoom('A brand new room');
      await Promise.all([first, second].map((page) => link(page, roomId).waitFor()));
      await link(first, roomId).click();
      await link(second, roomId).getByText('1', { exact: true }).waitFor();
      await close(first, second);
    });

    it('finds rooms and people, by keyboard, and opens them', async () => {
      await own.createRoom('Ångström 100%');
      const page = await pages.login('demo2');
      const search = page.getByTestId('search');
      await search.fill('åNG');
      await page.getByTestId('search-hit').filter({ hasText: 'Ångström 100%' }).waitFor();
      await search.press('Enter');
      await page.getByTestId('thread-name').filter({ hasText: 'Ångström' }).waitFor();
      await search.fill('demo');
      await page.getByTestId('search-hit').nth(1).waitFor();
      await search.press('ArrowDown');
      await search.press('ArrowUp');
      await page.getByTestId('search-hit').filter({ hasText: 'demo1' }).click();
      await page.getByTestId('thread-name').filter({ hasText: 'demo1' }).waitFor();
      await search.fill('nobody is called that');
      await page.getByTestId('search-empty').waitFor();
      await search.press('Escape');
      expect(await search.inputValue()).toBe('');
      await close(page);
    });

    // Who typed a name and pressed Enter at once was taken to somebody whom the text before had found.
    it('opens what the text finds, and not what the text before it found', async () => {
      await own.createRoom('zebra crossing');
      const page = await pages.login('demo2');
      const search = page.getByTestId('search');
      await search.fill('demo');
      await page.getByTestId('search-hit').nth(1).waitFor();
      await search.fill('zebra');
      await search.press('Enter');
      await page.getByTestId('thread-name').filter({ hasText: 'zebra crossing' }).waitFor();
      expect(await search.inputValue()).toBe('');
      await close(page);
    });

    // The form was closed, and the field emptied, with all that had been written.
    it('leaves Esc and Enter to an input method that is composing', async () => {
      const page = await pages.login('demo2');
      const keyboard = await page.context().newCDPSession(page);
      const compose = () =>
        keyboard.send('Input.imeSetComposition', { text: 'yi', selectionStart: 2, selectionEnd: 2 });
      const search = page.getByTestId('search');
      await search.fill('班级');
      await compose();
      await search.press('Escape');
      expect(await search.inputValue()).toContain('班级');
      await page.getByTestId('new-room').click();
      const name = page.getByTestId('new-room-name');
      await name.fill('班级');
      await compose();
      await name.press('Escape');
      expect(await name.inputValue()).toContain('班级');
      await close(page);
    });

    it('has the room that is shown in view, in a list of many', async () => {
      const oldest = await own.createRoom('The oldest of many');
      const next = await own.createRoom('The next of many');
      for (let i = 0; i < 25; i++) await own.createRoom(`one of many ${i}`);
      const isInView = async (page: Page, { roomId }: { readonly roomId: number }) => {
        const shown = link(page, roomId);
        await shown.waitFor();
        await eventually(async () => {
          const box = await shown.boundingBox();
          expect(box && box.y >= 0 && box.y + box.height <= 800).toBe(true);
        });
      };
      const page = await pages.login('demo3', { path: `/rooms/${oldest.roomId}` });
      await isInView(page, oldest);
      await close(page);
      // The room itself may be known before the list is: then it was in view only if that came first.
      const person = await pages.person();
      let isKnown: () => void = () => undefined;
      const known = new Promise<void>((resolve) => (isKnown = resolve));
      await person.route(/\/v1\/rooms$/, async (route) => {
        const response = await route.fetch();
        await known;
        await route.fulfill({ response });
      });
      const slow = await pages.login('demo3', { path: `/rooms/${next.roomId}`, of: person });
      await slow.getByRole('heading', { level: 1, name: 'The next of many' }).waitFor();
      isKnown();
      await isInView(slow, next);
      await close(slow);
    });

    it('counts what others write, never what I write, the same on both of my devices, and after restarts', async () => {
      const { roomId } = await own.createRoom('Counted');
      const [laptop, phone] = await Promise.all([
        pages.login(me, { gateway: 0, path: `/rooms/${roomId}` }),
        pages.login(me, { gateway: 1 }),
      ]);
      await eventually(async () =>
        expect((await own.unread()).some((room) => room.roomId === roomId)).toBe(true),
      );
      await phone.reload();
      await laptop.goto(new URL('/rooms/1', stack.webUrl).href);
      for (const text of ['one', 'two', 'three']) await demo1.send(roomId, text);
      for (let i = 0; i < 4; i++) await own.send(roomId, `my own ${i}`);
      await Promise.all([waits(laptop, roomId, '3'), waits(phone, roomId, '3')]);

      await link(laptop, roomId).click();
      await shows(laptop, 'three');
      await Promise.all([waits(laptop, roomId, '0'), waits(phone, roomId, '0')]);
      await eventually(async () =>
        expect((await own.unread()).find((room) => room.roomId === roomId)?.unread).toBe(0),
      );

      // Redis loses everything: the room goes on in a new epoch, far above.
      await link(laptop, 1).click();
      await demo1.send(roomId, 'four');
      await waits(phone, roomId, '1');
      for (const { process } of stack.of('logic')) await process.kill9();
      await Promise.all([stack.spawn('logic'), stack.spawn('logic')]);
      const redis = new Redis(stack.redis.url);
      await redis.flushall();
      redis.disconnect();
      await eventually(
        async () => {
          const { seq } = await demo1.send(roomId, 'five');
          expect(seq).toBeGreaterThan(1_000);
        },
        { timeoutMs: 60_000 },
      );
      await Promise.all([laptop.reload(), phone.reload()]);
      await Promise.all([waits(laptop, roomId, '2'), waits(phone, roomId, '2')]);

      await phone.getByTestId('mark-all-read').click();
      await Promise.all([waits(phone, roomId, '0'), waits(laptop, roomId, '0')]);
      await close(laptop, phone);
    });

    it('show what was said in a conversation, by its address and after a reload', async () => {
      const stack = running();
      const stamp = Date.now();
      const [mine, theirs] = [`asker ${stamp}`, `answerer ${stamp}`];
      const asker = await stack.api().register(mine, '111111');
      const them = await stack.api().register(theirs, '111111');
      const write = async (count: number, text: string) => {
        for (let i = 0; i < count; i++)
          await stack.api(them.token).sendDirect(asker.user.userId, `${text} ${i}`);
      };
      await write(12, 'before');
      const page = await pages.login(mine, { path: `/direct/${them.user.userId}` });
      await shows(page, 'before 11');
      await page.reload();
      await online(page);
      await shows(page, 'before 11');
      await write(2, 'after');
      await shows(page, 'after 1');
      const seqs = await page
        .getByTestId('message')
        .evaluateAll((messages) => messages.map((element) => Number(element.getAttribute('data-seq'))));
      expect(seqs).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
      await close(page);
    });

    // It was shown as one in which nothing was said.
    it('show a conversation that is below what the list has so far', async () => {
      const stack = running();
      const stamp = Date.now();
      const [sunk, newer] = [`sunk ${stamp}`, `newer ${stamp}`];
      const mine = `reader ${stamp}`;
      const reader = await stack.api().register(mine, '111111');
      const peers = [];
      for (const name of [sunk, newer]) {
        const peer = await stack.api().register(name, '111111');
        await stack.api(peer.token).sendDirect(reader.user.userId, `hello of ${name}`);
        peers.push(peer.user.userId);
      }
      const person = await pages.person();
      await person.route(/\/v1\/conversations$/, async (route) => {
        const response = await route.fetch({ url: `${route.request().url()}?limit=1` });
        await route.fulfill({ response });
      });
      const page = await pages.login(mine, { path: `/direct/${peers[0]}`, of: person });
      await shows(page, `hello of ${sunk}`);
      await page.goto(`${stack.webUrl}/direct/${peers[1]}`);
      await shows(page, `hello of ${newer}`);
      await close(page);
    });

    it('says what leaving does, and then leaves on all devices', async () => {
      const { roomId } = await own.createRoom('To be left');
      const page = await pages.login(me, { path: `/rooms/${roomId}` });
      await eventually(async () =>
        expect((await own.unread()).some((room) => room.roomId === roomId)).toBe(true),
      );
      await page.getByTestId('leave-room').click();
      expect(await page.getByTestId('leave-dialog').innerText()).toContain('come back');
      await page.getByTestId('leave-cancel').click();
      await page.getByTestId('leave-room').click();
      await page.getByTestId('leave-confirm').click();
      await page.waitForURL('**/rooms/1');
      await eventually(async () =>
        expect((await own.unread()).some((room) => room.roomId === roomId)).toBe(false),
      );
      await close(page);
    });

    it('throws nothing', () => {
      expect(pages.problems).toEqual([]);
    });
  });
