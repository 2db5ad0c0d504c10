import { iconElement } from '../../components/icon-element.js';
import type { Bubble } from '../../timeline/rows.js';
import styles from '../message.module.css';
import { element, setAttribute } from './element.js';
import type { Look } from './look.js';
import { textButton, textElement } from './text.js';
import { timeElement } from './time.js';
import { tombstone } from './tombstone.js';
import { remove, type View } from './views.js';

const markIcons = { pending: 'clock', sent: 'check', failed: 'alert' } as const;

/** What can be done about a message that was not sent: `data-do` of the buttons below it. */
export type Remedy = 'retry' | 'edit' | 'copy' | 'discard';

/** Which message an element is. */
const bubbles = new WeakMap<Element, Bubble>();

/** What was asked for by a click, and about which message; undefined for any other click. */
export function remedyAt(target: Element): { readonly remedy: Remedy; readonly bubble: Bubble } | undefined {
  const remedy = target.closest<HTMLElement>('[data-do]')?.dataset['do'] as Remedy | undefined;
  const message = target.closest('[data-testid=message]');
  const bubble = message && bubbles.get(message);
  return remedy && bubble ? { remedy, bubble } : undefined;
}

/** One message. What changes of it is changed in place: a menu, the focus or a selection in it stay. */
export class MessageView implements View<Bubble> {
  readonly element = element('li', { class: styles['bubble'], 'data-testid': 'message' });
  readonly #isOwn: boolean;
  readonly #author: string | undefined;
  readonly #line = element('div', { class: styles['line'], 'data-line': '' });
  #bubble: Bubble;
  #look: Look;
  #text: HTMLElement;
  #mark: HTMLElement | undefined;
  #when: HTMLElement | undefined;
  #failure: HTMLElement | undefined;

  /** @param author - When it stands below another one of theirs, whose header says who and when. */
  constructor(bubble: Bubble, look: Look, isOwn: boolean, author: string | undefined) {
    this.#bubble = bubble;
    this.#look = look;
    this.#isOwn = isOwn;
    this.#author = author;
    this.#text = this.#textElement();
    this.#line.append(this.#text);
    if (author !== undefined) {
      this.element.append(element('span', { class: styles['author'] }, `${author}: `));
      this.#when = this.#whenElement();
      this.#line.append(this.#when);
    }
    this.element.append(this.#line);
    setAttribute(this.element, 'data-key', bubble.key);
    setAttribute(this.element, 'data-own', isOwn);
    this.#showStatus();
  }

  update(bubble: Bubble, look: Look): void {
    const before = this.#bubble;
    const isSameLook = look.t === this.#look.t && look.canEdit === this.#look.canEdit;
    this.#bubble = bubble;
    this.#look = look;
    if (!isSameLook || bubble.text !== before.text || bubble.deleted !== before.deleted) {
      const text = this.#textElement();
      this.#text.replaceWith(text);
      this.#text = text;
    }
    if (this.#when && (!isSameLook || bubble.atMs !== before.atMs)) {
      const when = this.#whenElement();
      this.#when.replaceWith(when);
      this.#when = when;
    }
    this.#showStatus();
  }

  /** Where it is on its way. */
  #showStatus(): void {
    const { key, status, seq, deleted } = this.#bubble;
    bubbles.set(this.element, this.#bubble);
    setAttribute(this.element, 'data-key', key);
    setAttribute(this.element, 'data-status', status);
    setAttribute(this.element, 'data-seq', seq);
    this.#mark?.remove();
    this.#mark = this.#isOwn && !deleted ? this.#markElement() : undefined;
    if (this.#mark) this.#text.after(this.#mark);
    if (this.#failure) remove(this.#failure);
    this.#failure = status === 'failed' ? this.#failureElement() : undefined;
    if (this.#failure) this.element.append(this.#failure);
  }

  #textElement(): HTMLElement {
    const { text, deleted } = this.#bubble;
    if (!deleted) return textElement(text, this.#look);
    return element('div', { class: styles['text'], 'data-deleted': '' }, tombstone(deleted, this.#look));
  }

  #whenElement(): HTMLElement {
    return timeElement(this.#bubble.atMs, this.#look, `${styles['time']} ${styles['when']}`);
  }

  #markElement(): HTMLElement {
    const { status } = this.#bubble;
    const label = this.#look.t.message[status];
    return element(
      'span',
      { class: styles['mark'], 'data-status': status, role: 'img', 'aria-label': label },
      iconElement(markIcons[status], 14),
    );
  }

  #failureElement(): HTMLElement {
    const { t, errorText, canEdit } = this.#look;
    const why = `${t.message.failed}: ${errorText(this.#bubble.errorCode ?? 'INTERNAL')}`;
    return element(
      'div',
      { class: styles['failure'], role: 'alert' },
      element('span', { 'data-testid': 'send-error' }, why),
      textButton(t.message.retry, { 'data-do': 'retry', 'data-testid': 'retry' }),
      canEdit
        ? textButton(t.message.edit, { 'data-do': 'edit', 'data-testid': 'edit-unsent' })
        : textButton(t.message.copy, { 'data-do': 'copy', 'data-testid': 'copy-unsent' }),
      textButton(t.message.discard, { 'data-do': 'discard', 'data-testid': 'discard' }),
    );
  }
}
