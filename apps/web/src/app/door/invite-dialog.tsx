import { ApiError } from '@parley/client';
import type { MadeInvite } from '@parley/protocol';
import { useState } from 'react';
import { Button } from '../components/button.js';
import { Dialog, DialogContent } from '../components/dialog.js';
import { ErrorNote } from '../components/error-note.js';
import { TextField } from '../components/field.js';
import { useErrorText } from '../i18n/texts.js';
import { useChatState } from '../site/site-context.js';
import { copyText } from '../text/copy-text.js';
import styles from './door.module.css';
import { InviteForm } from './invite-form.js';
import { OpenInvites } from './open-invites.js';
import { QrCode } from './qr-code.js';
import { useHostDoorTexts } from './words/use-host-door-texts.js';

/** Invitations of a room: a new one, with its link and QR code, and those that are open. */
export function InviteDialog(props: {
  readonly roomId: number;
  readonly name: string;
  readonly onClose: () => void;
}) {
  const t = useHostDoorTexts().invite;
  const errorText = useErrorText();
  const isOwner = useChatState(({ roomStates }) => roomStates.get(props.roomId)?.role === 'owner');
  const [made, setMade] = useState<MadeInvite>();
  const [changes, setChanges] = useState(0);
  const [isGone, setGone] = useState(false);
  const [problem, setProblem] = useState<string>();
  const failed = (error: unknown) => setProblem(error instanceof ApiError ? error.code : 'INTERNAL');
  return (
    <Dialog title={t.title(props.name)} onClose={props.onClose} testId="invite-dialog">
      <DialogContent>
        {problem !== undefined && <ErrorNote text={errorText(problem)} />}
        {isGone && (
          <p className={styles['hint']} role="status" data-testid="invite-gone">
            {t.gone}
          </p>
        )}
        {made ? (
          <InviteLink invite={made} />
        ) : (
          <InviteForm
            roomId={props.roomId}
            isOwner={isOwner}
            onMade={(invite) => {
              setProblem(undefined);
              setMade(invite);
              setGone(false);
              setChanges((before) => before + 1);
            }}
            onFailed={(error) => {
              failed(error);
              // It may have been made, and its answer lost.
              setChanges((before) => before + 1);
            }}
          />
        )}
        <OpenInvites
          key={changes}
          roomId={props.roomId}
          onLoaded={(open) => {
            if (!made || open.some(({ inviteId }) => inviteId === made.inviteId)) return;
            // Another host has withdrawn it, or nobody comes by it any more: nobody is to scan it.
            setMade(undefined);
            setGone(true);
          }}
          onWithdrawn={(inviteId) => {
            if (made?.inviteId === inviteId) setMade(undefined);
            setProblem(undefined);
            setChanges((before) => before + 1);
          }}
          onFailed={failed}
        />
      </DialogContent>
    </Dialog>
  );
}

/** The link of a new invitation, to be copied or scanned. */
function InviteLink({ invite }: { readonly invite: MadeInvite }) {
  const t = useHostDoorTexts().invite;
  const [isCopied, setCopied] = useState(false);
  const url = new URL(invite.path, window.location.origin).href;
  const copy = () => {
    copyText(url);
    setCopied(true);
  };
  return (
    <div className={styles['made']}>
      <p className={styles['hint']}>{t.once}</p>
      <QrCode text={url} label={t.qr} />
      <div className={styles['link']}>
        <TextField
          label={t.link}
          value={url}
          readOnly
          onFocus={(event) => event.target.select()}
          data-testid="invite-link"
        />
        <Button look="quiet" onClick={copy} aria-live="polite" data-testid="invite-copy">
          {isCopied ? t.copied : t.copy}
        </Button>
      </div>
    </div>
  );
}
