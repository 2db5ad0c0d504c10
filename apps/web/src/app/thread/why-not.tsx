import type { Silence } from '../chat/threads/silence.js';
import type { Refusal } from '../chat/threads/thread.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { SilenceNote } from './silence-note.js';

/** Below the composer: why what is written there cannot be sent, or was not taken. */
export function WhyNot(props: {
  readonly silence: Silence | undefined;
  readonly refusal: Refusal | undefined;
}) {
  const { silence, refusal } = props;
  const t = useTexts();
  const errorText = useErrorText();
  if (refusal) {
    const why = silence ? t.silence[silence.reason] : errorText(refusal.code);
    return (
      <SilenceNote isAlert text={t.silence.notSent(why)} until={silence ? silence.until : refusal.until} />
    );
  }
  return silence && <SilenceNote text={t.silence[silence.reason]} until={silence.until} />;
}
