import { ApiError } from '@parley/client';
import { useState, type SubmitEvent } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { CheckField, TextField } from '../components/field.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { isOfInputMethod } from '../input-method.js';
import { navigate } from '../routing/router.js';
import { useChat } from '../site/site-context.js';
import { useIsThere } from '../use-is-there.js';
import styles from './sidebar.module.css';

/** Asks for the name of a new room, makes it and goes there. */
export function NewRoomForm({ onDone }: { readonly onDone: () => void }) {
  const t = useTexts();
  const errorText = useErrorText();
  const chat = useChat();
  const [errorCode, setErrorCode] = useState<string>();
  const [isWorking, setWorking] = useState(false);
  const isThere = useIsThere();

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const name = String(fields.get('room')).trim();
    if (name === '') return;
    setErrorCode(undefined);
    setWorking(true);
    try {
      const room = await chat.createRoom(name, { listed: fields.get('private') === null });
      // Given up meanwhile: the room is in the list.
      if (!isThere.current) return;
      navigate({ page: 'room', roomId: room.roomId });
      onDone();
    } catch (error) {
      setErrorCode(error instanceof ApiError ? error.code : 'INTERNAL');
      setWorking(false);
    }
  };

  return (
    <form
      className={styles['create']}
      onSubmit={submit}
      onKeyDown={({ key, nativeEvent }) => key === 'Escape' && !isOfInputMethod(nativeEvent) && onDone()}
    >
      <TextField
        label={t.sidebar.roomName}
        name="room"
        autoComplete="off"
        required
        autoFocus
        data-testid="new-room-name"
      />
      <CheckField
        label={t.sidebar.private}
        hint={t.sidebar.privateHint}
        name="private"
        data-testid="new-room-private"
      />
      {errorCode !== undefined && <ErrorNote text={errorText(errorCode)} />}
      <div className={styles['actions']}>
        <Button look="quiet" onClick={onDone}>
          {t.sidebar.cancel}
        </Button>
        <Button look="primary" type="submit" disabled={isWorking} data-testid="new-room-submit">
          {t.sidebar.create}
        </Button>
      </div>
    </form>
  );
}
