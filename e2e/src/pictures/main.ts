import type { BrowserContextOptions, Page } from 'playwright-core';
import { Stack } from '../stack.js';
import { message, online, Pages } from '../web/pages.js';
import { stopBrowser } from '../web/shared-browser.js';
import { Classroom, password } from './classroom.js';
import { biology, chinese, elsewhere, people, type PicturedRoom } from './conversation.js';
import { fontsReady, serveFonts, setFonts } from './fonts.js';
import { hostingPictures } from './hosting.js';
import { keep, root } from './keep.js';
import { holdStill, lessonTime } from './still.js';

/** One picture: who looks at which room, on what. */
interface Picture {
  readonly file: string;
  readonly who: string;
  readonly room: PicturedRoom;
  /** Who else is in the room. */
  readonly present: readonly string[];
  readonly looks: BrowserContextOptions;
}

const desk = { viewport: { width: 1_120, height: 700 }, deviceScaleFactor: 1.5 };
const phone = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const inClass = people.slice(1, 5);

const pictures: readonly Picture[] = [
  {
    file: 'room.png',
    who: people[0],
    room: biology,
    present: inClass,
    looks: { ...desk, colorScheme: 'light', locale: 'en-GB' },
  },
  {
    file: 'room-dark.png',
    who: people[1],
    room: chinese,
    present: people.slice(5),
    looks: { ...desk, colorScheme: 'dark', locale: 'zh-CN' },
  },
  {
    file: 'phone.png',
    who: 'Amara',
    room: biology,
    present: [people[0], ...inClass.filter((name) => name !== 'Amara')],
    looks: { ...phone, colorScheme: 'light', locale: 'en-GB' },
  },
];

/** Starts a Parley with the people and rooms of the pictures, for one who looks at it. */
async function onParley(
  look: (stack: Stack, classroom: Classroom, pages: Pages) => Promise<void>,
): Promise<void> {
  // Without demo accounts there are no hints for who tries it for the first time.
  const stack = await Stack.start({
    replicas: 1,
    web: true,
    env: { PARLEY_DEMO_ACCOUNTS: 'false' },
  });
  try {
    const classroom = await Classroom.on(stack);
    for (const room of [...elsewhere, chinese, biology]) await classroom.makeRoom(room);
    const pages = await Pages.launch(stack);
    try {
      await look(stack, classroom, pages);
      if (pages.problems.length > 0) throw new Error(pages.problems.join('\n'));
    } finally {
      await pages.close();
      await stopBrowser();
      classroom.close();
    }
  } finally {
    await stack.stop();
  }
}

/** Each picture on a Parley of its own: none shows what another has left. */
const make = (picture: Picture): Promise<void> =>
  onParley(async (_, classroom, pages) => {
    await classroom.play(picture.room);
    for (const name of picture.present) await classroom.enter(name, picture.room);
    keep(picture.file, await shoot(pages, classroom, picture));
  });

async function shoot(pages: Pages, classroom: Classroom, picture: Picture): Promise<Buffer> {
  const person = await pages.person({
    ...lessonTime,
    ...picture.looks,
    bypassCSP: true,
    reducedMotion: 'reduce',
  });
  const [trip] = elsewhere as [PicturedRoom];
  // Seen once, so that what is said there later waits for this person.
  const before = await pages.open({ of: person, path: `/rooms/${classroom.idOf(trip)}` });
  await logIn(before, picture.who);
  await before.getByTestId('online-count').filter({ hasText: '1' }).waitFor();
  await before.close();
  await classroom.nobodyElsewhere(picture.room);
  await serveFonts(person, root);
  await holdStill(person);
  const page = await pages.open({ of: person, path: `/rooms/${classroom.idOf(picture.room)}` });
  await online(page);
  await setFonts(page, root);
  await classroom.play(trip);
  const { text } = picture.room.lines.at(-1) ?? { text: '' };
  await message(page, text).last().waitFor();
  const inRoom = String(picture.present.length + 1);
  await page.getByTestId('online-count').filter({ hasText: inRoom }).waitFor();
  if (!picture.looks.isMobile) {
    const waiting = `[data-testid=room-link][data-room-id="${classroom.idOf(trip)}"] [data-testid=unread]`;
    await page
      .locator(waiting)
      .filter({ hasText: String(trip.lines.length) })
      .waitFor();
  }
  await page.getByTestId('composer').blur();
  await fontsReady(page);
  const taken = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  // What the page asks for just now ends with it.
  await person.unrouteAll({ behavior: 'ignoreErrors' });
  return taken;
}

async function logIn(page: Page, name: string): Promise<void> {
  await page.getByTestId('login-name').fill(name);
  await page.getByTestId('login-password').fill(password);
  await page.getByTestId('login-submit').click();
  await online(page);
}

/** The pictures of what hosts do, on one Parley: in each room it is done once. */
async function makeHosting(): Promise<void> {
  await onParley(async (stack, classroom, pages) => {
    for (const room of [biology, chinese]) await classroom.play(room);
    await hostingPictures(stack, pages, classroom);
  });
}

for (const picture of pictures) await make(picture);
await makeHosting();
