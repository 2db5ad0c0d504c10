import { Button } from '../components/button.js';
import { useTexts } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';

const nextOf = { rooms: 'roomsNext', conversations: 'conversationsNext' } as const;

/**
 * Below a list of which there is more. Pressed, the focus goes to the last entry, after which the new ones come: with the last
 * of them the button is gone.
 */
export function MoreButton({ list }: { readonly list: keyof typeof nextOf }) {
  const t = useTexts();
  const chat = useChat();
  const hasMore = useChatState((state) => state[nextOf[list]] !== undefined);
  if (!hasMore) return null;
  return (
    <Button
      look="quiet"
      onClick={({ currentTarget }) => {
        chat.loadMore(list);
        currentTarget.previousElementSibling?.querySelector<HTMLElement>(':scope > li:last-child a')?.focus();
      }}
      data-testid={`more-${list}`}
    >
      {t.sidebar.more}
    </Button>
  );
}
