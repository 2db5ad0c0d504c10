import { messageJson } from '@parley/contracts';
import type { ArchivedMessage } from '../archive/archive.repository.js';

/** Entries of the first read, before anything is known of their size: 128 kB at worst, with the longest texts. */
const FIRST_READ = 8;
/** A read may be so many times larger than what the page has so far: messages differ in length. */
const GROWTH = 4;
/** Entries of one read at the most: a megabyte, should long texts follow many short ones. */
const MAX_READ = 64;

/**
 * Fills one page, and says how much to read next: as many messages as will probably fit, by those seen so far. So what is
 * read stays near what is given, however long the messages are.
 */
export class PageBudget {
  private readonly texts: string[] = [];
  private bytes = 0;
  /** Something did not fit: the page is full, and there is more. */
  cut = false;

  /**
   * @param limit - Messages of the page at the most.
   * @param maxBytes - Bytes of the page at the most; its first message is taken whatever its size.
   */
  constructor(
    private readonly limit: number,
    private readonly maxBytes: number,
  ) {}

  /** Messages taken, in the order they were taken. */
  get messages(): readonly string[] {
    return this.texts;
  }

  /** How many messages to read next: at least one, so that it is known whether there are more. */
  get nextRead(): number {
    // One more than asked for tells whether there are more.
    const wanted = this.limit + 1 - this.texts.length;
    if (this.texts.length === 0) return Math.min(wanted, FIRST_READ);
    const fitting = Math.floor(((this.maxBytes - this.bytes) * this.texts.length) / this.bytes) + 1;
    return Math.max(1, Math.min(wanted, fitting, GROWTH * this.texts.length, MAX_READ));
  }

  /** Takes messages, the nearest first, as long as they fit. @returns Whether it is open for more. */
  take(nearestFirst: Iterable<ArchivedMessage>): boolean {
    for (const { body, ...entry } of nearestFirst) {
      // A number that is taken by something no client could read.
      if (body === undefined) continue;
      const text = messageJson({ ...entry, body });
      const bytes = Buffer.byteLength(text) + 1;
      const fits = this.texts.length === 0 || this.bytes + bytes <= this.maxBytes;
      if (this.texts.length >= this.limit || !fits) {
        this.cut = true;
        return false;
      }
      this.texts.push(text);
      this.bytes += bytes;
    }
    return true;
  }
}
