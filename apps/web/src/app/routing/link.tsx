import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { navigate, type RouteState } from './router.js';
import { pathOf, type Route } from './route.js';

type Props = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & {
  readonly to: Route;
  readonly state?: RouteState;
  /** Any `data-` attribute; React's own types leave these out of spread props. */
  readonly [data: `data-${string}`]: string | number | undefined;
};

/** A link within the site. Opening it in a new tab, or copying it, works as with any link. */
export function Link({ to, state, onClick, ...rest }: Props) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain) return;
    event.preventDefault();
    navigate(to, state ? { state } : {});
  };
  return <a {...rest} href={pathOf(to)} onClick={follow} />;
}
