import { newClientMsgId } from '@parley/client';
import { readStored, writeStored } from './storage.js';

const storage = () => window.sessionStorage;

/**
 * Makes something once, however often it is asked for until there is an answer: an answer may be lost, and whoever then asks again,
 * also after the page was loaded anew, asks with the same key.
 *
 * @param name - Of what is made; only the last of its kind that was asked for is known.
 * @param what - All that is asked for. Something else has another key.
 * @param make - Asks the server for it.
 */
export async function madeOnce<T>(
  name: string,
  what: readonly unknown[],
  make: (key: string) => Promise<T>,
): Promise<T> {
  const place = `parley.once.${name}`;
  const wanted = JSON.stringify(what);
  const [known, last] = (readStored(place, storage) ?? '').split('\n');
  const key = known === wanted && last !== undefined ? last : newClientMsgId();
  writeStored(place, `${wanted}\n${key}`, storage);
  const made = await make(key);
  writeStored(place, null, storage);
  return made;
}
