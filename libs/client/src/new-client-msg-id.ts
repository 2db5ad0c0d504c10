import { v7 } from 'uuid';

/**
 * A new id for a send: UUIDv7, whose own time tells the server how far back to look for a duplicate.
 *
 * @see RFC 9562, section 5.7
 */
export function newClientMsgId(): string {
  return v7();
}
