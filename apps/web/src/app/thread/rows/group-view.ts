import avatars from '../../components/avatar.module.css';
import badges from '../../components/role-badge.module.css';
import type { Person } from '../../hosting/offers.js';
import { initialOf, isLarge, toneOf } from '../../text/avatar.js';
import { isPiled } from '../../text/piled.js';
import type { Bubble, Group } from '../../timeline/rows.js';
import styles from '../message.module.css';
import { element } from './element.js';
import type { Look } from './look.js';
import { MessageView } from './message-view.js';
import { timeElement } from './time.js';
import { Views, type View } from './views.js';

/** Whose name an element is. */
const people = new WeakMap<Element, Person>();

/** Whose name was clicked; undefined for any other click. */
export function personAt(target: Element): Person | undefined {
  const name = target.closest('[data-testid=author]');
  return name ? people.get(name) : undefined;
}

/** Messages of one author, close together in time. */
export class GroupView implements View<Group> {
  readonly element: HTMLLIElement;
  readonly #bubbles: Views<Bubble>;
  #header: HTMLElement;
  #group: Group;
  #look: Look;

  constructor(group: Group, look: Look) {
    this.#group = group;
    this.#look = look;
    this.#header = headerOf(group, look);
    const list = element('ol', { class: styles['bubbles'] });
    this.#bubbles = new Views(list, (bubble, current) => {
      const isFirst = bubble.key === group.bubbles[0]?.key;
      return new MessageView(bubble, current, group.isOwn, isFirst ? undefined : authorOf(group, current));
    });
    this.element = element(
      'li',
      { class: styles['group'], 'data-own': group.isOwn },
      ...(group.isOwn ? [] : [avatarOf(group)]),
      element('div', { class: styles['body'] }, this.#header, list),
    );
    this.#bubbles.update(group.bubbles, look);
  }

  update(group: Group, look: Look): void {
    const before = this.#look;
    const isSame =
      group.atMs === this.#group.atMs &&
      look.t === before.t &&
      look.isHosted === before.isHosted &&
      roleOf(group, look) === roleOf(this.#group, before);
    this.#group = group;
    this.#look = look;
    if (!isSame) {
      const header = headerOf(group, look);
      this.#header.replaceWith(header);
      this.#header = header;
    }
    this.#bubbles.update(group.bubbles, look);
  }
}

const roleOf = ({ userId, isGuest }: Group, { roles }: Look) =>
  roles?.[userId] ?? (isGuest ? 'guest' : undefined);

const authorOf = ({ isOwn, userName }: Group, { t }: Look): string => (isOwn ? t.room.you : userName);

function avatarOf({ userId, userName }: Group): HTMLElement {
  const initial = initialOf(userName);
  return element(
    'span',
    {
      class: avatars['avatar'],
      'data-tone': toneOf(userId),
      'data-large': isLarge(initial),
      'aria-hidden': 'true',
    },
    initial,
  );
}

function headerOf(group: Group, look: Look): HTMLElement {
  const author = authorOf(group, look);
  const role = roleOf(group, look);
  const header = element('div', { class: styles['header'] }, nameOf(group, author, look));
  if (role !== undefined && role !== 'member')
    header.append(
      element(
        'span',
        { class: badges['badge'], 'data-role': role, 'data-testid': 'role-badge' },
        look.t.role[role],
      ),
    );
  header.append(timeElement(group.atMs, look, styles['time']));
  return header;
}

/**
 * For hosts it leads to the person; no stop for the Tab key, which would have hundreds in a long list: the menu of each message
 * leads there, too.
 */
function nameOf(group: Group, author: string, { isHosted }: Look): HTMLElement {
  const attributes = { class: styles['name'], 'data-piled': isPiled(author) };
  if (!isHosted || group.isOwn) return element('span', attributes, author);
  const button = element(
    'button',
    { ...attributes, type: 'button', tabindex: -1, 'data-testid': 'author' },
    author,
  );
  const { userId, userName, isGuest } = group;
  people.set(button, { userId, userName, ...(isGuest && { guest: true as const }) });
  return button;
}
