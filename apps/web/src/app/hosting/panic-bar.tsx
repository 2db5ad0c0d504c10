import { isHost } from '@parley/protocol';
import { Button } from '../components/button.js';
import styles from './hosting.module.css';
import { useRoomState } from './use-room-state.js';
import { consoleRequest } from './requests.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Says that a panic is on, as long as it is, and leads back. */
export function PanicBar({ roomId }: { readonly roomId: number }) {
  const t = useHostingTexts();
  const state = useRoomState(roomId);
  if (!state?.panic || !isHost(state.role)) return null;
  return (
    <div className={styles['bar']} role="status" data-testid="panic-bar">
      <span>{t.panic.bar}</span>
      <Button look="quiet" onClick={() => consoleRequest.set({ what: 'calm', roomId })} data-testid="calm">
        {t.panic.calm}
      </Button>
    </div>
  );
}
