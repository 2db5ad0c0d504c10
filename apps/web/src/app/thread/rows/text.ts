import buttons from '../../components/button.module.css';
import { excerpt, isLong } from '../../text/excerpt.js';
import { linkify, type TextPart } from '../../text/linkify.js';
import { isPiled } from '../../text/piled.js';
import styles from '../message.module.css';
import { element, setAttribute } from './element.js';
import type { Look } from './look.js';

/** A button that looks like text, as components/button.tsx makes it. */
export const textButton = (label: string, attributes: Parameters<typeof element>[1], className = '') =>
  element(
    'button',
    { type: 'button', class: `${buttons['button']} ${buttons['text']} ${className}`, ...attributes },
    label,
  );

const nodesOf = (parts: readonly TextPart[]): (Node | string)[] =>
  parts.map((part) =>
    part.kind === 'text'
      ? part.text
      : element('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, part.text),
  );

/** A message's text as it was typed, with its web addresses as links; of a long one the beginning, until more is asked for. */
export function textElement(text: string, { t }: Look): HTMLElement {
  const parts = linkify(text);
  const shown = element('span', { 'data-testid': 'message-text' });
  const whole = element('div', { class: styles['text'], 'data-piled': isPiled(text) }, shown);
  if (!isLong(text)) {
    shown.append(...nodesOf(parts));
    return whole;
  }
  const button = textButton('', { 'data-unfolds': '', 'data-testid': 'show-more' }, styles['more']);
  const show = (isOpen: boolean) => {
    shown.replaceChildren(...(isOpen ? nodesOf(parts) : [...nodesOf(excerpt(parts)), '…']));
    setAttribute(button, 'aria-expanded', String(isOpen));
    button.textContent = isOpen ? t.message.less : t.message.more;
  };
  button.addEventListener('click', () => show(button.getAttribute('aria-expanded') !== 'true'));
  show(false);
  whole.append(button);
  return whole;
}
