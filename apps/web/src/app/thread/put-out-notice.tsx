import { FOREVER } from '@parley/protocol';
import type { PutOut } from '../chat/threads/thread.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { Empty } from '../components/empty.js';
import { useLanguage, useTexts } from '../i18n/texts.js';
import { useAccount, useChat } from '../site/site-context.js';
import { formatMoment } from '../text/dates.js';
import { useServerClock } from '../use-server-clock.js';

/** In the place of a room that a host has put this user out of: why, until when, and the way back while there is one. */
export function PutOutNotice(props: {
  readonly threadKey: ThreadKey;
  readonly name: string;
  readonly putOut: PutOut;
}) {
  const { reason, note, until } = props.putOut;
  const account = useAccount();
  const t = useTexts();
  const language = useLanguage();
  const chat = useChat();
  const nowMs = useServerClock();
  const { id } = parseKey(props.threadKey);
  if (reason === 'lobby')
    return (
      <div role="status" data-testid="put-out" data-reason={reason}>
        <Empty icon="people" title={t.putOut.lobby(props.name)} text={t.putOut.lobbyText}>
          <Button look="quiet" onClick={() => account.logout()} data-testid="lobby-leave">
            {t.putOut.leave}
          </Button>
        </Empty>
      </div>
    );
  const texts = t.putOut[reason];
  const isOver = reason === 'kicked' || (until !== undefined && until <= nowMs);
  const end = until === undefined || until >= FOREVER ? undefined : formatMoment(language, until, nowMs);
  const text = [
    reason === 'kicked' || isOver ? t.putOut.mayComeBack : t.putOut.until(end),
    note !== undefined && t.putOut.why(note),
  ].filter((part) => part !== false);
  return (
    <div role="alert" data-testid="put-out" data-reason={reason}>
      <Empty icon="leave" title={texts(props.name)} text={text.join(' ')}>
        {isOver && (
          <Button look="primary" onClick={() => chat.comeBack(id)} data-testid="come-back">
            {t.putOut.comeBack}
          </Button>
        )}
      </Empty>
    </div>
  );
}
