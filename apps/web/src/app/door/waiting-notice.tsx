import type { ReactNode } from 'react';
import type { WaitingState } from '@parley/protocol';
import styles from './door.module.css';
import { useDoorTexts } from './words/use-door-texts.js';

/** Says how it stands with who waits; read aloud when it changes. */
export function WaitingNotice(props: {
  readonly state: WaitingState['state'];
  readonly name: string;
  readonly roomName: string;
  /** What can be done. */
  readonly children: ReactNode;
}) {
  const t = useDoorTexts().lobby;
  const { state, name, roomName, children } = props;
  const isWaiting = state === 'waiting' || state === 'admitted';
  return (
    <div data-testid="lobby" data-state={state}>
      <div role="status" aria-live="polite">
        <p>{isWaiting ? t.waits(roomName) : state === 'denied' ? t.denied(roomName) : t.over}</p>
        {isWaiting && <p className={styles['hint']}>{t.hint(name)}</p>}
      </div>
      {children}
    </div>
  );
}
