import { randomUUID } from 'node:crypto';

let lastMs = -1;
let count = 0;

/**
 * A new UUIDv7: the id of a message, a session, or a send whose client gave none. Its time is this process's, and those of one
 * millisecond are in the order in which they were made here, 4,096 of them.
 *
 * Made of a random UUID, because Node draws those from a pool of random bytes: a message costs no call of its own.
 *
 * @see RFC 9562, sections 5.7 and 6.2 (a counter of twelve bits)
 */
export function newId(): string {
  const nowMs = Date.now();
  count = nowMs === lastMs ? (count + 1) & 0xfff : 0;
  lastMs = nowMs;
  const time = nowMs.toString(16).padStart(12, '0');
  // Of the random one what follows the counter: `-yxxx-xxxxxxxxxxxx`, of which y is the variant.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, '0')}${randomUUID().slice(18)}`;
}
