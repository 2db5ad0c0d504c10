interface Named {
  readonly userId: number;
  readonly userName: string;
}

/** Who is in a room, and who was seen there. */
export class People {
  /** Who has no account, as the server says. */
  readonly #guests = new Set<number>();
  /** By name: somebody who has left can still be banned. */
  readonly #seen = new Map<string, Named>();
  #present: ReadonlyMap<string, string> | undefined;
  /** The next list of those present was asked for. */
  wantsList = false;

  /** @param say - Tells who comes and goes, and who is there. */
  constructor(readonly say: (text: string) => void) {}

  /** As somebody is called, with the mark of a guest. Bound, so that it can be passed on. */
  readonly named = ({ userId, userName }: Named): string =>
    this.#guests.has(userId) ? `${userName} [guest]` : userName;

  find(name: string): Named | undefined {
    return this.#seen.get(name.toLowerCase());
  }

  see(userId: number, userName: string): void {
    this.#seen.set(userName.toLowerCase(), { userId, userName });
  }

  addGuest(userId: number): void {
    this.#guests.add(userId);
  }

  /** Large rooms announce how many, not who. */
  forgetPresent(): void {
    this.#present = undefined;
  }

  /** @param count - How many there are; `info` may name fewer. */
  nowPresent(count: number, info: Readonly<Record<string, string>>): void {
    for (const [id, name] of Object.entries(info)) this.see(Number(id), name);
    const now = new Map(Object.entries(info));
    const before = this.#present;
    this.#present = now;
    if (this.wantsList) {
      this.wantsList = false;
      const more = count > now.size ? ` and ${count - now.size} more` : '';
      this.say(`* ${count} online: ${[...now].map((member) => this.#shown(member)).join(', ')}${more}`);
    } else if (before && count === now.size) {
      // A cut list would make people seem to come and go.
      for (const member of now) if (!before.has(member[0])) this.say(`* ${this.#shown(member)} is here`);
      for (const member of before) if (!now.has(member[0])) this.say(`* ${this.#shown(member)} has left`);
    }
  }

  #shown([id, userName]: readonly [string, string]): string {
    return `${this.named({ userId: Number(id), userName })} (${id})`;
  }
}
