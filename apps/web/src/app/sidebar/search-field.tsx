import { ApiError } from '@parley/client';
import { useEffect, useEffectEvent, useId, useState, type KeyboardEvent } from 'react';
import { Avatar } from '../components/avatar.js';
import { Icon } from '../components/icon.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { isOfInputMethod } from '../input-method.js';
import type { Route } from '../routing/route.js';
import { navigate } from '../routing/router.js';
import { useChat } from '../site/site-context.js';
import styles from './search-field.module.css';

/** Who types is not asked for at each letter, milliseconds. */
const waitMs = 200;

/** Something that was found. */
interface Hit {
  readonly key: string;
  readonly name: string;
  readonly to: Extract<Route, { page: 'room' | 'direct' }>;
}
type Found = { readonly text: string; readonly hits: readonly Hit[]; readonly errorCode?: string };

/**
 * Finds rooms and people by name, and goes there: arrows choose, Enter opens, Esc clears.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
 */
export function SearchField({ onFollow }: { readonly onFollow: () => void }) {
  const t = useTexts();
  const errorText = useErrorText();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  /** Enter was pressed before there was an answer. */
  const [isWanted, setWanted] = useState(false);
  const listId = useId();
  const change = (value: string) => {
    setText(value);
    setChosen(0);
    setWanted(false);
  };
  const follow = ({ to, name }: Hit) => {
    navigate(to, to.page === 'direct' ? { state: { peerName: name } } : {});
    change('');
    onFollow();
  };
  const found = useFound(text.trim(), ([first]) => {
    if (isWanted && first) follow(first);
  });
  const isOpen = text.trim() !== '';
  const hits = isOpen ? found.hits : [];
  const current = Math.min(chosen, hits.length - 1);
  /** What is shown answers what is asked, and not what was asked before. */
  const isAnswer = found.text === text.trim();

  const onKeyDown = (event: KeyboardEvent) => {
    if (isOfInputMethod(event.nativeEvent)) {
      // By itself a field for searches would be emptied.
      if (event.key === 'Escape') event.preventDefault();
      return;
    }
    const hit = hits[current];
    if (event.key === 'ArrowDown') setChosen(Math.min(current + 1, hits.length - 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(current - 1, 0));
    else if (event.key === 'Enter' && isOpen && !isAnswer) setWanted(true);
    else if (event.key === 'Enter' && hit) follow(hit);
    else if (event.key === 'Escape' && isOpen) {
      // It clears the field; the next one closes the drawer.
      event.nativeEvent.stopImmediatePropagation();
      change('');
    } else return;
    event.preventDefault();
  };

  return (
    <div className={styles['search']} role="search">
      <input
        type="search"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        placeholder={t.search.label}
        aria-label={t.search.label}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={hits.length > 0}
        aria-controls={listId}
        aria-activedescendant={hits[current] ? `${listId}-${current}` : undefined}
        autoComplete="off"
        maxLength={80}
        enterKeyHint="go"
        data-testid="search"
      />
      <ul id={listId} role="listbox" aria-label={t.search.results} hidden={hits.length === 0}>
        {hits.map((hit, i) => (
          <li
            key={hit.key}
            id={`${listId}-${i}`}
            role="option"
            aria-selected={i === current}
            ref={(element) => {
              if (i === current) element?.scrollIntoView({ block: 'nearest' });
            }}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => follow(hit)}
            data-testid="search-hit"
          >
            {hit.to.page === 'direct' ? (
              <Avatar userId={hit.to.userId} userName={hit.name} isSmall />
            ) : (
              <Icon name="hash" size={17} />
            )}
            <span>{hit.name}</span>
          </li>
        ))}
      </ul>
      {isOpen && isAnswer && hits.length === 0 && (
        <p role="status" data-testid="search-empty">
          {found.errorCode === undefined ? t.search.none : errorText(found.errorCode)}
        </p>
      )}
    </div>
  );
}

/**
 * What has this text in its name; what was found before until there is an answer.
 *
 * @param onAnswer - Called with each answer.
 */
function useFound(text: string, onAnswer: (hits: readonly Hit[]) => void): Found {
  const chat = useChat();
  const [found, setFound] = useState<Found>({ text: '', hits: [] });
  const answered = useEffectEvent(onAnswer);
  useEffect(() => {
    if (text === '') return undefined;
    let isOver = false;
    const timer = setTimeout(async () => {
      let answer: Found;
      try {
        const { rooms, users } = await chat.search(text);
        const hits: Hit[] = [
          ...rooms.map(({ roomId, name }) => ({
            key: `room:${roomId}`,
            name,
            to: { page: 'room', roomId } as const,
          })),
          ...users.map(({ userId, userName }) => ({
            key: `user:${userId}`,
            name: userName,
            to: { page: 'direct', userId } as const,
          })),
        ];
        answer = { text, hits };
      } catch (error) {
        answer = { text, hits: [], errorCode: error instanceof ApiError ? error.code : 'INTERNAL' };
      }
      if (isOver) return;
      setFound(answer);
      answered(answer.hits);
    }, waitMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [chat, text]);
  return text === '' ? { text, hits: [] } : found;
}
