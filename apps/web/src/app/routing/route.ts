/** Where the user is. `room` ids and `direct` peers are positive integers. */
export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'login' }
  | { readonly page: 'register' }
  | { readonly page: 'room'; readonly roomId: number }
  | { readonly page: 'direct'; readonly userId: number }
  /** Where a link of an invitation leads; `invite` is its secret. */
  | { readonly page: 'join'; readonly invite: string }
  /** Where people type a room's code; `code`: it came with the link, as it was typed. */
  | { readonly page: 'code'; readonly code?: string }
  | { readonly page: 'unknown' };

/** The room that everybody lands in. */
export const firstRoomId = 1;

const id = (text: string): number | undefined =>
  /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;

/** Reads a path; trailing slashes do not matter. */
export function parseRoute(pathname: string): Route {
  const [first = '', second, ...rest] = pathname.replace(/^\/+|\/+$/g, '').split('/');
  if (second === undefined) {
    if (first === '') return { page: 'home' };
    if (first === 'login' || first === 'register' || first === 'code') return { page: first };
  }
  if (first === 'join' && rest.length === 0 && /^[\w-]{20,64}$/.test(second ?? ''))
    return { page: 'join', invite: second ?? '' };
  if (first === 'code' && rest.length === 0 && /^[A-Za-z\d-]{1,32}$/.test(second ?? ''))
    return { page: 'code', code: second ?? '' };
  const number = second === undefined || rest.length > 0 ? undefined : id(second);
  if (number !== undefined && first === 'rooms') return { page: 'room', roomId: number };
  if (number !== undefined && first === 'direct') return { page: 'direct', userId: number };
  return { page: 'unknown' };
}

/** The path of a route: the inverse of {@link parseRoute}; `unknown` leads home. */
export function pathOf(route: Route): string {
  switch (route.page) {
    case 'login':
    case 'register':
      return `/${route.page}`;
    case 'room':
      return `/rooms/${route.roomId}`;
    case 'direct':
      return `/direct/${route.userId}`;
    case 'join':
      return `/join/${route.invite}`;
    case 'code':
      return route.code === undefined ? '/code' : `/code/${route.code}`;
    case 'home':
    case 'unknown':
      return '/';
  }
}
