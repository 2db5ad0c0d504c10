import type { BrowserContext, Page } from 'playwright-core';
import type { Stack } from '../stack.js';
import { message, online, type Pages } from '../web/pages.js';
import { password, type Classroom } from './classroom.js';
import { biology, chinese, people } from './conversation.js';
import { fontsReady, serveFonts, setFonts } from './fonts.js';
import { keep, root } from './keep.js';
import { holdStill, lessonTime } from './still.js';

/** Stands in for the secret of an invitation, and for where the site is: both would be others each time. */
const link = 'https://chat.example.org/join/Q7rN2wXk4TzB8sVd1LmYfHcA';
const desk = { viewport: { width: 1_000, height: 760 }, deviceScaleFactor: 1.5 };
const phone = {
  viewport: { width: 390, height: 700 },
  deviceScaleFactor: 1.5,
  hasTouch: true,
  isMobile: true,
};
/** The room, who hosts it, and how its pictures' names end, by language. */
const lessons = [
  { locale: 'en-GB', room: biology, ending: '' },
  { locale: 'zh-CN', room: chinese, ending: '.zh' },
] as const;

/** The pictures of docs/hosting-a-class: how a room is opened to guests, and kept in hand. */
export async function hostingPictures(stack: Stack, pages: Pages, classroom: Classroom): Promise<void> {
  for (const { locale, room, ending } of lessons) {
    const path = `/rooms/${classroom.idOf(room)}`;
    const host = await still(pages, { ...desk, locale });
    await host.route(/\/invites$/, async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...((await response.json()) as object), path: link } });
    });
    const page = await pages.open({ of: host, path });
    await page.getByTestId('login-name').fill(people[0]);
    await page.getByTestId('login-password').fill(password);
    await page.getByTestId('login-submit').click();
    await online(page);
    await setFonts(page, root);
    await message(page, room.lines.at(-1)?.text ?? '').waitFor();
    const shoot = async (name: string, what: (of: Page) => Promise<Buffer>) => {
      await fontsReady(page);
      keep(`hosting-${name}${ending}.png`, await what(page));
    };
    const frozen = { animations: 'disabled', caret: 'hide' } as const;

    await page.getByTestId('invite').click();
    await page.getByTestId('invite-life').selectOption('always');
    await page.getByTestId('invite-uses').fill('30');
    await page.getByTestId('invite-make').click();
    await page.getByTestId('invite-qr').waitFor();
    await page.getByTestId('open-invite').waitFor();
    await page.getByTestId('invite-link').blur();
    await shoot('invite', (of) => of.getByTestId('invite-dialog').screenshot(frozen));
    await page.keyboard.press('Escape');

    await page.getByTestId('room-settings').click();
    await page.getByTestId('mode').selectOption('members');
    await page.getByTestId('mode').blur();
    await shoot('settings', (of) => of.getByTestId('settings-dialog').screenshot(frozen));
    await page.keyboard.press('Escape');

    await page.getByTestId('panic').click();
    await page.getByTestId('panic-confirm').click();
    await page.getByTestId('panic-bar').waitFor();
    // What it said it has done lies over the messages for a while.
    await page.getByTestId('notice').getByRole('button').last().click();
    await page.getByTestId('notice').waitFor({ state: 'detached' });
    await shoot('panic', (of) =>
      of.screenshot({ ...frozen, clip: { x: 0, y: 0, width: desk.viewport.width, height: 300 } }),
    );

    const { token } = await stack.api(classroom.tokenOf(people[0])).createInvite(classroom.idOf(room));
    const guest = await still(pages, { ...phone, locale });
    const entrance = await pages.open({ of: guest, path: `/join/${token}` });
    await entrance.getByTestId('join-name').fill(locale === 'zh-CN' ? '子涵' : 'Dana');
    await setFonts(entrance, root);
    await fontsReady(entrance);
    await entrance.getByTestId('join-name').blur();
    keep(`hosting-guest${ending}.png`, await entrance.screenshot(frozen));
    for (const person of [host, guest]) await person.unrouteAll({ behavior: 'ignoreErrors' });
  }
}

/** Somebody for whom everything stands still that would be different each time. */
async function still(pages: Pages, looks: object): Promise<BrowserContext> {
  const person = await pages.person({ ...lessonTime, ...looks, bypassCSP: true, reducedMotion: 'reduce' });
  await serveFonts(person, root);
  await holdStill(person);
  return person;
}
