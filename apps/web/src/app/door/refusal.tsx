import { useSyncExternalStore, type ReactNode } from 'react';
import { ErrorNote } from '../components/error-note.js';
import { useErrorText } from '../i18n/texts.js';
import { everySecond } from '../every-second.js';
import { secondsLeft, type Refused } from './refused.js';
import { useDoorTexts } from './words/use-door-texts.js';

/** Why somebody did not come in, and in how many seconds trying again may help. */
export function Refusal({ refused, children }: { readonly refused: Refused; readonly children?: ReactNode }) {
  const t = useDoorTexts().join;
  const errorText = useErrorText();
  const againAtMs = 'code' in refused ? refused.againAtMs : undefined;
  const left = useSyncExternalStore(everySecond, () => secondsLeft(againAtMs, performance.now()));
  const why = 'text' in refused ? refused.text : errorText(refused.code);
  return (
    <>
      <ErrorNote text={why}>{children}</ErrorNote>
      {/* Beside it: what is read aloud at once must not be read every second. */}
      {left > 0 && <p data-testid="retry-in">{t.retryIn(left)}</p>}
    </>
  );
}
