import { isHost } from '@parley/protocol';
import { createContext, use, type ComponentProps, type ReactNode } from 'react';
import { useChatState } from '../site/site-context.js';
import type { Person } from './offers.js';
import { consoleRequest } from './requests.js';

/** The room whose people a host may be asked about; undefined for who is none. */
const HostedRoom = createContext<number | undefined>(undefined);

/** Names in it lead to their people, for hosts. Told once for the whole list: names need not look at the room themselves. */
export function HostPeople(props: { readonly roomId: number | undefined; readonly children: ReactNode }) {
  const { roomId, children } = props;
  const isShown = useChatState((state) => {
    const room = roomId === undefined ? undefined : state.roomStates.get(roomId);
    return room !== undefined && isHost(room.role);
  });
  return <HostedRoom value={isShown ? roomId : undefined}>{children}</HostedRoom>;
}

/**
 * The name above messages. For hosts it leads to the person; no stop for the Tab key, which would have hundreds in a long list:
 * the menu of each message leads there, too.
 */
export function AuthorName(
  props: ComponentProps<'span'> & {
    readonly person: Person & { readonly isOwn: boolean };
    readonly 'data-piled'?: boolean | undefined;
  },
) {
  const {
    person: { isOwn, ...person },
    className,
    children,
    ...rest
  } = props;
  const roomId = use(HostedRoom);
  if (roomId === undefined || isOwn) {
    return (
      <span className={className} {...rest}>
        {children}
      </span>
    );
  }
  return (
    <button
      type="button"
      tabIndex={-1}
      className={className}
      data-piled={props['data-piled']}
      onClick={() => consoleRequest.set({ what: 'person', roomId, person })}
      data-testid="author"
    >
      {children}
    </button>
  );
}
