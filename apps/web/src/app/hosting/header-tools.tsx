import { isHost } from '@parley/protocol';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import styles from './hosting.module.css';
import { useRoomState } from './use-room-state.js';
import { consoleRequest } from './requests.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Settings of the room, and panic. */
export function HeaderTools({ roomId }: { readonly roomId: number }) {
  const t = useHostingTexts();
  const state = useRoomState(roomId);
  const mayPanic = state !== undefined && isHost(state.role) && !state.panic;
  return (
    <>
      {mayPanic && (
        <Button
          look="icon"
          className={styles['roomy'] ?? ''}
          aria-label={t.panic.open}
          title={t.panic.open}
          onClick={() => consoleRequest.set({ what: 'panic', roomId })}
          data-testid="panic"
        >
          <Icon name="shield" />
        </Button>
      )}
      <Button
        look="icon"
        aria-label={t.settings.open}
        title={t.settings.open}
        onClick={() => consoleRequest.set({ what: 'settings', roomId })}
        data-testid="room-settings"
      >
        <Icon name="settings" />
      </Button>
    </>
  );
}
