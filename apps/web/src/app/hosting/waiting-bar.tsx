import { isHost } from '@parley/protocol';
import { Button } from '../components/button.js';
import styles from './hosting.module.css';
import { consoleRequest } from './requests.js';
import { useRoomState } from './use-room-state.js';
import { useWaitingList } from './use-waiting-list.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Says to hosts that somebody waits to be let in, as long as somebody does, and leads there. It takes no focus. */
export function WaitingBar({ roomId }: { readonly roomId: number }) {
  const state = useRoomState(roomId);
  return state && isHost(state.role) ? <Bar roomId={roomId} /> : null;
}

function Bar({ roomId }: { readonly roomId: number }) {
  const t = useHostingTexts().waiting;
  const { list } = useWaitingList(roomId, 1);
  const total = list?.total ?? 0;
  // There before it says something, so that it is read aloud.
  return (
    <div role="status" data-testid="waiting-status">
      {total > 0 && (
        <div className={styles['bar']} data-look="calm" data-testid="waiting-bar" data-count={total}>
          <span>{t.bar(total)}</span>
          <Button
            look="quiet"
            onClick={() => consoleRequest.set({ what: 'waiting', roomId })}
            data-testid="waiting-open"
          >
            {t.open}
          </Button>
        </div>
      )}
    </div>
  );
}
