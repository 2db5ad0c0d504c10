import { randomUUID } from 'node:crypto';

/**
 * A new UUIDv7: the id of a message, a session, or a send whose client gave none. Its time is this process's.
 *
 * Made of a random UUID, because Node draws those from a pool of random bytes: a message costs no call of its own.
 *
 * @see RFC 9562, section 5.7
 */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  // What follows the version of the random one: `xxx-yxxx-xxxxxxxxxxxx`, of which y is the variant.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
