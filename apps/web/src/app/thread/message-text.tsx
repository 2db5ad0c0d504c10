import { linkify } from '../text/linkify.js';
import styles from './message.module.css';

/** A message's text as it was typed, with its web addresses as links. */
export function MessageText({ text }: { readonly text: string }) {
  return (
    <span className={styles['text']} data-testid="message-text" dir="auto">
      {linkify(text).map((part, i) =>
        part.kind === 'text' ? (
          part.text
        ) : (
          <a key={i} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </span>
  );
}
