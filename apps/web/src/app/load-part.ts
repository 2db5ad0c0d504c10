import { ApiError } from '@parley/client';
import { Observable, type Watchable } from './observable.js';

const replaced = new Observable(false);

/**
 * Whether a part could not be loaded because the server has another version of the site by now: files of the old one are gone
 * there, and only a page that is loaded anew has the rest.
 */
export const isReplaced: Watchable<boolean> = replaced;

/** As long as a request to the server may take, milliseconds. */
const patienceMs = 15_000;
const late = new Observable(0);

/**
 * How many parts are on their way for so long that there should be something to see. On a connection that has died without a word
 * a browser waits on, and asks for nothing twice: a part may still come, or only a page that is loaded anew has it.
 */
export const lateParts: Watchable<number> = late;

/**
 * Loads a part of the site that is not needed from the start. May be called again: browsers do not keep that it failed.
 *
 * @param load - Asks for its files and waits for nothing else: what is tried again by itself is not late.
 * @throws {ApiError} `NETWORK`
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    late.set(late.get() + 1);
  }, patienceMs);
  try {
    return await load();
  } catch (cause) {
    replaced.set(replaced.get() || (await hasOtherVersion()));
    throw new ApiError(0, 'NETWORK', true, undefined, { cause });
  } finally {
    clearTimeout(timer);
    if (isLate) late.set(late.get() - 1);
  }
}

/** Asks the server for its page: the name of its first script has a hash of all that it may load. */
async function hasOtherVersion(): Promise<boolean> {
  try {
    const answer = await fetch('/', { cache: 'no-cache' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const [own, present] = [document, page].map(firstScript);
    return own !== undefined && present !== undefined && own !== present;
  } catch {
    // Nobody answers: nothing is known.
    return false;
  }
}

const firstScript = (page: Document): string | undefined =>
  page.querySelector('script[type=module][src]')?.getAttribute('src') ?? undefined;
