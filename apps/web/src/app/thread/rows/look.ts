import type { RoomState } from '@parley/protocol';
import type { Texts } from '../../i18n/en.js';
import type { Language } from '../../preferences/preferences.js';

/** What rows look like beyond what is in them. Another one when something of it changes. */
export interface Look {
  readonly t: Texts;
  readonly language: Language;
  readonly errorText: (code: string) => string;
  /** Who has a role in the room, by user id. */
  readonly roles: RoomState['roles'] | undefined;
  /** What "today" means: local midnight, milliseconds. */
  readonly todayMs: number;
  /** The reader is a host: names lead to their people. */
  readonly isHosted: boolean;
  /** There is a place where a text that was not sent can be put back. */
  readonly canEdit: boolean;
}
