/** What the web app is measured with. */
export interface WebOptions {
  /** Address of the site. */
  readonly site: string;
  readonly api: string;
  /** Messages per second in the busy room. */
  readonly rate: number;
  readonly seconds: number;
  /** How many times slower the browser's processor is made. */
  readonly slowdown: number;
}

/** One line of the table: what was measured, and what it should be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most that is well. */
  readonly most?: number;
}
