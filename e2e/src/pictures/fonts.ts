import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';

/** Packages with a style sheet of `@font-face` rules, and the family that it declares. */
const fonts = [
  { family: 'Inter Variable', folder: '@fontsource-variable/inter', sheet: 'wght.css' },
  // Before the Chinese one, which has some of them, too, in black and white.
  { family: 'Twemoji', folder: 'twemoji-colr-font', sheet: 'twemoji.css' },
  { family: 'Noto Sans SC Variable', folder: '@fontsource-variable/noto-sans-sc', sheet: 'wght.css' },
];
/** Where the pages of the pictures find them; nothing is asked of the network. */
const path = '/fonts-of-the-pictures/';

/** Serves the fonts to a person's pages. @param root - The workspace. */
export async function serveFonts(person: BrowserContext, root: string): Promise<void> {
  await person.route(`**${path}**`, async (route) => {
    const file = join(root, 'node_modules', new URL(route.request().url()).pathname.slice(path.length));
    await (existsSync(file) ? route.fulfill({ path: file }) : route.abort());
  });
}

/** Sets a page in them: whatever fonts this machine has, the pictures are the same. Needs a context with `bypassCSP`. */
export async function setFonts(page: Page, root: string): Promise<void> {
  const faces = fonts.map(({ folder, sheet }) =>
    readFileSync(join(root, 'node_modules', folder, sheet), 'utf8').replaceAll(
      /url\(["']?(?:\.\/)?([^"')]+)["']?\)/g,
      `url(${path}${folder}/$1)`,
    ),
  );
  const families = fonts.map(({ family }) => `'${family}'`).join(', ');
  await page.addStyleTag({ content: `${faces.join('\n')}\n:root { --font: ${families} !important; }` });
}

/** Waits until what is on the page is set in them. @throws {Error} when one did not come. */
export async function fontsReady(page: Page): Promise<void> {
  const statuses = await page.evaluate(async () => {
    // Two frames: what the last change needs is asked for when it is laid out.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    await document.fonts.ready;
    return [...document.fonts].map(({ family, status }) => ({ family: family.replaceAll('"', ''), status }));
  });
  for (const { family } of fonts) {
    const own = statuses.filter((face) => face.family === family);
    if (!own.some(({ status }) => status === 'loaded') || own.some(({ status }) => status === 'error'))
      throw new Error(`The font ${family} did not load`);
  }
}
