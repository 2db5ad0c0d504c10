import type { OutboxStore } from './outbox-store.js';
import type { TabChannel, TabWord } from './tab-channel.js';

/** A tab that sends answers within this, unless it is frozen or gone, milliseconds. */
const answerWithinMs = 400;

/** What a leader stands on. */
export interface OutboxLeaderParts {
  readonly store: Pick<OutboxStore, 'isShared' | 'lease' | 'takeLease'>;
  readonly channel: Pick<TabChannel, 'hear' | 'say'>;
  /** Names this tab. */
  readonly tab: string;
  /** Whether this tab could send now. */
  canSend(): boolean;
  /** Another tab sends from now on. */
  lost(): void;
}

/**
 * Agrees with the user's other tabs on the one that sends.
 *
 * The lease in the database says which; a tab takes it when the holder, asked, does not answer: it is closed, frozen, or has
 * no connection. No clock is compared, and nothing is needed that a page over plain HTTP lacks (the Web Locks API is
 * one). Should two tabs send for a moment, both send the same in the same order, and the server takes each once. So where the
 * browser has a database and takes nothing more, a tab that nobody answers sends without the lease.
 */
export class OutboxLeader {
  readonly #parts: OutboxLeaderParts;
  #isLeading = false;
  /** The browser took no note that this tab leads. */
  #isUnnoted = false;

  constructor(parts: OutboxLeaderParts, signal: AbortSignal) {
    this.#parts = parts;
    signal.addEventListener(
      'abort',
      parts.channel.hear((word) => this.#heard(word)),
    );
  }

  /** Whether this tab sends now; takes over from one that cannot. Call before every hand-over. */
  async lead(): Promise<boolean> {
    const { store, channel, tab } = this.#parts;
    const lease = await store.lease();
    if (!lease && !store.isShared) return true;
    if (lease?.holder === tab) return this.#leads({ isUnnoted: false });
    if (!this.#isUnnoted) {
      this.#stepDown();
      if (await this.#isAnswered()) return false;
    }
    const isTaken = lease && (await store.takeLease(lease.term, tab));
    if (isTaken === false) {
      this.#stepDown();
      return false;
    }
    if (!this.#isLeading) channel.say({ say: 'leading' });
    return this.#leads({ isUnnoted: isTaken === undefined });
  }

  #leads({ isUnnoted }: { readonly isUnnoted: boolean }): true {
    this.#isUnnoted = isUnnoted;
    return (this.#isLeading = true);
  }

  #heard({ say }: TabWord): void {
    if (say === 'leading') this.#stepDown();
    else if (say === 'who' && this.#isLeading && this.#parts.canSend())
      this.#parts.channel.say({ say: 'here' });
  }

  #stepDown(): void {
    if (!this.#isLeading) return;
    this.#isLeading = this.#isUnnoted = false;
    this.#parts.lost();
  }

  #isAnswered(): Promise<boolean> {
    const { channel } = this.#parts;
    return new Promise((resolve) => {
      const done = (isAnswered: boolean) => {
        clearTimeout(timer);
        off();
        resolve(isAnswered);
      };
      const timer = setTimeout(() => done(false), answerWithinMs);
      const off = channel.hear(({ say }) => {
        if (say === 'here' || say === 'leading') done(true);
      });
      channel.say({ say: 'who' });
    });
  }
}
