import { useEffect, useRef } from 'react';

/**
 * Whether what calls this is still on the page. What was asked for and comes late takes nobody away from where he has gone
 * meanwhile.
 */
export function useIsThere(): { readonly current: boolean } {
  const isThere = useRef(false);
  useEffect(() => {
    isThere.current = true;
    return () => void (isThere.current = false);
  }, []);
  return isThere;
}
