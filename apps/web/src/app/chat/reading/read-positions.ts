import { z } from 'zod';
import { readStored, writeStored } from '../../storage.js';
import type { ThreadKey } from '../threads/thread-key.js';

const storedSchema = z.object({
  readTo: z.record(z.string(), z.number().int().min(0)),
  openRooms: z.array(z.number().int().positive()),
});

/** Rooms that stay joined in the background. The server allows 64 per connection. */
export const maxOpenRooms = 12;

/** Reading on is written down this often, milliseconds: in a busy room everything that comes is read at once. */
const saveAfterMs = 300;

/**
 * What this device remembers of one user: how far everything is read, and which rooms are open.
 * Shared by the user's tabs; a change in one shows in the others.
 */
export class ReadPositions {
  readonly #key: string;
  #readTo: Record<string, number> = {};
  #openRooms: readonly number[] = [];
  #saving: ReturnType<typeof setTimeout> | undefined;

  /** @param onChange - Another tab has read further. */
  constructor(userId: number, onChange: () => void, signal: AbortSignal) {
    this.#key = `parley.read.${userId}`;
    this.#load();
    window.addEventListener(
      'storage',
      (event) => {
        if (event.key !== this.#key) return;
        this.#load();
        onChange();
      },
      { signal },
    );
    window.addEventListener('pagehide', () => this.#saveSoon(), { signal });
    signal.addEventListener('abort', () => this.#saveSoon());
  }

  /** Undefined: never read on this device. */
  readTo(key: ThreadKey): number | undefined {
    return this.#readTo[key];
  }

  /** Most recently opened first. */
  get openRooms(): readonly number[] {
    return this.#openRooms;
  }

  markRead(key: ThreadKey, seq: number): void {
    if (seq <= (this.#readTo[key] ?? -1)) return;
    this.#readTo[key] = seq;
    this.#saving ??= setTimeout(() => this.#saveSoon(), saveAfterMs);
  }

  /** @returns Rooms that are one too many now. */
  open(roomId: number): readonly number[] {
    this.#load();
    const rooms = [roomId, ...this.#openRooms.filter((other) => other !== roomId)];
    this.#openRooms = rooms.slice(0, maxOpenRooms);
    this.#save();
    return rooms.slice(maxOpenRooms);
  }

  /** Adds a room below those that are open. @returns Whether it is new, and there was room for it. */
  openBelow(roomId: number): boolean {
    this.#load();
    if (this.#openRooms.includes(roomId) || this.#openRooms.length >= maxOpenRooms) return false;
    this.#openRooms = [...this.#openRooms, roomId];
    this.#save();
    return true;
  }

  close(roomId: number): void {
    this.#load();
    this.#openRooms = this.#openRooms.filter((other) => other !== roomId);
    this.#save();
  }

  /** Before every change, too: other tabs write the same entry. */
  #load(): void {
    const text = readStored(this.#key);
    if (text === null) return;
    try {
      const { readTo, openRooms } = storedSchema.parse(JSON.parse(text));
      for (const [key, seq] of Object.entries(readTo)) {
        this.#readTo[key] = Math.max(seq, this.#readTo[key] ?? 0);
      }
      this.#openRooms = openRooms.slice(0, maxOpenRooms);
    } catch {
      // Not ours, or of an older version: start over.
    }
  }

  #saveSoon(): void {
    if (this.#saving === undefined) return;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#load();
    this.#save();
  }

  #save(): void {
    writeStored(this.#key, JSON.stringify({ readTo: this.#readTo, openRooms: this.#openRooms }));
  }
}
