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

/**
 * Loads a part of the site that is not needed from the start. May be called again: browsers do not keep that it failed.
 *
 * @param late - Called when it takes so long that there should be something to see. Where a connection has died without a word the
 *   browser waits on, and asks for nothing twice: it may still come, or only a page that is loaded anew has it.
 * @throws {ApiError} `NETWORK`
 */
export async function loadPart<T>(load: () => Promise<T>, late?: () => void): Promise<T> {
  const timer = setTimeout(() => late?.(), patienceMs);
  try {
    return await load();
  } catch (cause) {
    replaced.set(replaced.get() || (await hasOtherVersion()));
    throw new ApiError(0, 'NETWORK', true, undefined, { cause });
  } finally {
    clearTimeout(timer);
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
