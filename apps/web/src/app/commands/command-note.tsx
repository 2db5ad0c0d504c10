import { useErrorText, useTexts } from '../i18n/texts.js';
import styles from './commands.module.css';
import type { CommandState } from './last-commands.js';

/** Below the composer: what became of a command. */
export function CommandNote({ state }: { readonly state: CommandState }) {
  const t = useTexts();
  const errorText = useErrorText();
  const isGood = state.kind === 'done' || state.kind === 'running';
  const text = (): string => {
    switch (state.kind) {
      case 'running':
        return t.commands.running;
      case 'done':
        return t.commands.done(state.command);
      case 'unknown':
        return t.commands.unknown(state.name);
      case 'usage':
        return t.commands.usage(state.usage);
      case 'nobody':
        return t.commands.nobody(state.name);
      case 'not-here':
        return t.commands.notHere;
      case 'refused':
        return t.commands.refused(errorText(state.code));
    }
  };
  return (
    <p
      className={styles['note']}
      role={isGood ? 'status' : 'alert'}
      data-testid="command-note"
      data-outcome={state.kind}
    >
      {text()}
    </p>
  );
}
