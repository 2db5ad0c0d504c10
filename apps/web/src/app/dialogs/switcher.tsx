import { useId, useState, type KeyboardEvent } from 'react';
import { Dialog } from '../components/dialog.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { navigate } from '../routing/router.js';
import { useChat } from '../site/site-context.js';
import { UnreadBadge } from '../sidebar/unread-badge.js';
import styles from './dialogs.module.css';
import { foundPlaces, placesOf, type Place } from './places.js';

/** More are not shown: the question can be made longer. */
const mostShown = 12;

/** Goes to a room or a conversation by its name. */
export function Switcher({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const chat = useChat();
  const id = useId();
  // As it was when the dialog opened: a list that moves under the arrow keys leads elsewhere.
  const [places] = useState(() => placesOf(chat.state.get()));
  const [question, setQuestion] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = foundPlaces(places, question).slice(0, mostShown);

  const go = (place: Place | undefined) => {
    if (!place) return;
    onClose();
    navigate(place.route, place.kind === 'person' ? { state: { peerName: place.name } } : {});
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) setChosen((chosen + step + found.length) % found.length);
    else if (event.key === 'Enter') go(found[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title={t.switcher.title} onClose={onClose} testId="switcher">
      <input
        className={styles['question']}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-autocomplete="list"
        aria-label={t.switcher.label}
        placeholder={t.switcher.label}
        autoComplete="off"
        spellCheck={false}
        autoFocus
        value={question}
        onChange={(event) => {
          setQuestion(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
        data-testid="switcher-question"
      />
      <ul id={`${id}-list`} className={styles['places']} role="listbox" aria-label={t.switcher.title}>
        {found.map((place, i) => (
          <li
            key={place.key}
            id={`${id}-${i}`}
            className={styles['place']}
            role="option"
            aria-selected={i === chosen}
            onClick={() => go(place)}
            data-testid="switcher-place"
          >
            <Icon name={place.kind === 'room' ? 'hash' : 'people'} size={17} />
            <span className={styles['name']}>{place.name}</span>
            <UnreadBadge count={place.unread} />
          </li>
        ))}
      </ul>
      <p className={styles['none']} role="status">
        {found.length === 0 && t.switcher.none}
      </p>
    </Dialog>
  );
}
