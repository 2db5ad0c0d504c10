import { useMemo, useState } from 'react';
import { Button } from '../components/button.js';
import { useTexts } from '../i18n/texts.js';
import { excerpt, isLong } from '../text/excerpt.js';
import { linkify, type TextPart } from '../text/linkify.js';
import { isPiled } from '../text/piled.js';
import styles from './message.module.css';

/** A message's text as it was typed, with its web addresses as links; of a long one the beginning, until more is asked for. */
export function MessageText({ text }: { readonly text: string }) {
  const t = useTexts();
  const [isOpen, setOpen] = useState(false);
  const parts = useMemo(() => linkify(text), [text]);
  const canOpen = useMemo(() => isLong(text), [text]);
  return (
    <div className={styles['text']} data-piled={isPiled(text) || undefined}>
      <span data-testid="message-text">
        <Parts parts={canOpen && !isOpen ? excerpt(parts) : parts} />
        {canOpen && !isOpen && '…'}
      </span>
      {canOpen && (
        <Button
          look="text"
          className={styles['more'] ?? ''}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          data-testid="show-more"
          data-unfolds=""
        >
          {isOpen ? t.message.less : t.message.more}
        </Button>
      )}
    </div>
  );
}

function Parts({ parts }: { readonly parts: readonly TextPart[] }) {
  return parts.map((part, i) =>
    part.kind === 'text' ? (
      part.text
    ) : (
      <a key={i} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
        {part.text}
      </a>
    ),
  );
}
