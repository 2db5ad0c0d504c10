import { useState, type ReactNode } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { codeOf } from './act-runner.js';
import styles from './hosting.module.css';
import { useLoaded } from './use-loaded.js';
import { useRounds } from './use-rounds.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Lines that are loaded at a time: more than fit on a screen. */
export const LOG_PAGE = 20;
/** How often the newest are looked up while they are shown, milliseconds: an act is on record a moment after it is done. */
const FOLLOW_MS = 3_000;

/** Lines of a log, the newest first. */
interface LogPage<Line> {
  readonly lines: readonly Line[];
  /** There are earlier ones. */
  readonly more: boolean;
}

/** A log in pages: the newest lines as they come, and earlier ones when somebody wants them. */
export function PagedLog<Line, Key extends string | number>(props: {
  /** @param before - Only lines before this one. */
  readonly load: (before?: Key) => Promise<LogPage<Line>>;
  readonly keyOf: (line: Line) => Key;
  readonly entry: (line: Line) => ReactNode;
  /** Said when there are no lines. */
  readonly empty: string;
  readonly testId: string;
}) {
  const { load, keyOf, entry, empty, testId } = props;
  const t = useHostingTexts();
  const texts = useTexts();
  const errorText = useErrorText();
  const [later, setLater] = useState<readonly LogPage<Line>[]>([]);
  /** The newest lines when earlier ones were asked for: between those and a newer first page some would be missing. */
  const [kept, setKept] = useState<LogPage<Line>>();
  const round = useRounds(FOLLOW_MS, kept === undefined);
  const first = useLoaded(() => load(), round);
  const [isLoading, setLoading] = useState(false);
  const [errorCode, setErrorCode] = useState<string>();

  if (first.errorCode !== undefined && !first.value) {
    return (
      <ErrorNote text={`${t.loadFailed} ${errorText(first.errorCode)}`}>
        <Button look="quiet" onClick={first.again}>
          {texts.app.retry}
        </Button>
      </ErrorNote>
    );
  }
  const newest = kept ?? first.value;
  if (!newest) return <LinesSkeleton label={texts.app.loading} />;
  const pages = [newest, ...later];
  // What is new moves the pages.
  const lines = new Map(pages.flatMap((page) => page.lines).map((line) => [keyOf(line), line]));
  const earlier = async () => {
    const before = [...lines.keys()].at(-1);
    if (before === undefined || isLoading) return;
    setLoading(true);
    setKept(newest);
    setErrorCode(undefined);
    try {
      const page = await load(before);
      setLater((known) => [...known, page]);
    } catch (error) {
      setErrorCode(codeOf(error));
    } finally {
      setLoading(false);
    }
  };
  return (
    <>
      {lines.size === 0 && <p className={styles['hint']}>{empty}</p>}
      <ol className={styles['log']} data-testid={testId}>
        {[...lines.values()].map(entry)}
      </ol>
      {errorCode !== undefined && <ErrorNote text={`${t.loadFailed} ${errorText(errorCode)}`} />}
      {pages.at(-1)?.more && (
        <Button
          look="quiet"
          aria-busy={isLoading}
          onClick={() => void earlier()}
          data-testid={`${testId}-more`}
        >
          {t.earlier}
        </Button>
      )}
    </>
  );
}
