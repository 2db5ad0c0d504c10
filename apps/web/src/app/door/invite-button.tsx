import { isHost } from '@parley/protocol';
import { useEffect, useState, type ComponentType } from 'react';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { loadPart } from '../load-part.js';
import { Retries } from '../retries.js';
import { useChatState } from '../site/site-context.js';
import { useGivenUp } from '../use-given-up.js';

type Dialog = ComponentType<{ readonly roomId: number; readonly name: string; readonly onClose: () => void }>;

/** Opens the invitations of a room, for its hosts. Their dialog is loaded when it is first wanted. */
export function InviteButton({ roomId, name }: { readonly roomId: number; readonly name: string }) {
  const t = useTexts();
  const [isOpen, setOpen] = useState(false);
  const [part, setPart] = useState<{ readonly InviteDialog: Dialog }>();
  const mayInvite = useChatState(({ roomStates }) => isHost(roomStates.get(roomId)?.role ?? 'member'));

  useEffect(() => {
    if (!isOpen || part) return;
    const left = new AbortController();
    const { signal } = left;
    const load = async () => {
      const loaded = await new Retries().run(() => loadPart(() => import('./invite-dialog.js')), { signal });
      if (!signal.aborted) setPart(loaded);
    };
    // Tried again until it is not wanted any more.
    load().catch(() => undefined);
    return () => left.abort();
  }, [isOpen, part]);
  useGivenUp(isOpen && !part, () => setOpen(false));

  if (!mayInvite) return null;
  return (
    <>
      <Button
        look="icon"
        aria-label={t.room.invite}
        title={t.room.invite}
        onClick={() => setOpen(true)}
        data-testid="invite"
      >
        <Icon name="invite" />
      </Button>
      {isOpen && part && <part.InviteDialog roomId={roomId} name={name} onClose={() => setOpen(false)} />}
    </>
  );
}
