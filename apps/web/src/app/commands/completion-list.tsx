import { useTexts } from '../i18n/texts.js';
import type { Completion } from './completions.js';
import { aboutOf } from './about.js';
import styles from './commands.module.css';

/** Id of the list, and of one of its lines: the composer names the line that is chosen. */
export const listId = 'completions';
export const lineId = (index: number): string => `${listId}-${index}`;

/** Above the composer: how a command may go on. */
export function CompletionList(props: {
  readonly completions: readonly Completion[];
  readonly chosen: number;
  readonly onChoose: (completion: Completion) => void;
}) {
  const t = useTexts();
  return (
    <ul
      id={listId}
      role="listbox"
      aria-label={t.commands.title}
      className={styles['list']}
      data-testid="completions"
    >
      {props.completions.map((completion, i) => (
        <li
          key={completion.label}
          id={lineId(i)}
          ref={(element) => {
            if (i === props.chosen) element?.scrollIntoView({ block: 'nearest' });
          }}
          role="option"
          aria-selected={i === props.chosen}
          className={styles['line']}
          // The focus stays where the command is written.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => props.onChoose(completion)}
        >
          <span className={styles['usage']}>{completion.label}</span>
          {completion.command !== undefined && (
            <span className={styles['about']}>{aboutOf(t, completion.command)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
