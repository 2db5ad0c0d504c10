import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { useTexts } from '../i18n/texts.js';
import { Button } from './button.js';
import { Empty } from './empty.js';

/** A pane that fails more often than this within {@link withinMs} stays down until it is asked for. Chosen by judgement. */
const mostRecoveries = 5;
const withinMs = 10_000;

/**
 * A part of the page that can fail by itself. Browsers that translate, and extensions, change the page under React, which
 * then fails to change it, too: such a pane is built anew at once, from the state, and the others stay as they are.
 */
export function Pane({ children }: { readonly children: ReactNode }) {
  const failedAtMs = useRef<readonly number[]>([]);
  const failed = () => {
    const nowMs = performance.now();
    failedAtMs.current = [...failedAtMs.current.filter((atMs) => nowMs - atMs < withinMs), nowMs];
  };
  return (
    <ErrorBoundary
      onError={failed}
      fallbackRender={({ resetErrorBoundary }) => (
        <Fallen mayRecover={() => failedAtMs.current.length <= mostRecoveries} recover={resetErrorBoundary} />
      )}
    >
      {children}
    </ErrorBoundary>
  );
}

function Fallen({ mayRecover, recover }: { mayRecover(): boolean; recover(): void }) {
  const t = useTexts();
  const [isDown, setDown] = useState(false);
  // Before the browser paints: nobody sees that anything was gone. Once, whatever its parent passes later.
  useLayoutEffect(() => {
    queueMicrotask(() => (mayRecover() ? recover() : setDown(true)));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once: what its parent passes later is of another fall
  }, []);
  if (!isDown) return null;
  return (
    <Empty icon="alert" title={t.app.paneDown} text={t.app.paneDownHint}>
      <Button look="primary" onClick={recover}>
        {t.app.retry}
      </Button>
    </Empty>
  );
}
