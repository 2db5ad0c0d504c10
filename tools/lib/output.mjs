import { styleText } from 'node:util';

const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const spinnerIntervalMs = 100;
/** How often a long step says that it is still alive when there is no terminal to draw a spinner on. */
const heartbeatIntervalMs = 10_000;

/**
 * @param {number} ms
 * @returns {string} `850 ms`, `3.4 s`, `72 s`
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/**
 * @typedef {object} Step
 * @property {(what: string) => void} work Says what takes long now; draws a spinner or prints a line every 10 s.
 * @property {(what: string) => void} note One more line under the step.
 * @property {(what: string) => void} done Ends the step with its result.
 * @property {() => void} stop Ends the spinner without a result (the step failed).
 */

/**
 * Prints numbered steps, then plain lines; keeps a spinner and log lines out of each other's way.
 *
 * @param {{ stream?: NodeJS.WriteStream, totalSteps?: number }} [options]
 */
export function createOutput({ stream = process.stdout, totalSteps = 0 } = {}) {
  const isTty = Boolean(stream.isTTY);
  const useColour = isTty && !process.env.NO_COLOR;
  /** @type {string} */
  let spinnerText = '';
  let stepNumber = 0;

  /** @param {Parameters<typeof styleText>[0]} style @param {string} text */
  const paint = (style, text) => (useColour ? styleText(style, text) : text);
  /** @param {string} text */
  const line = (text) => {
    stream.write(`${spinnerText === '' ? '' : '\r\x1b[2K'}${text}\n`);
  };

  /**
   * @param {string} title
   * @returns {Step}
   */
  function step(title) {
    stepNumber += 1;
    const head = `${paint('dim', `[${stepNumber}/${totalSteps}]`)} ${title.padEnd(13)}`;
    const indent = ' '.repeat(`[${stepNumber}/${totalSteps}] `.length + 13);
    const startedAt = Date.now();
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    let wasLong = false;
    const stop = () => {
      clearInterval(timer);
      timer = undefined;
      if (spinnerText !== '') stream.write('\r\x1b[2K');
      spinnerText = '';
    };
    return {
      work(what) {
        stop();
        if (isTty) {
          let frame = 0;
          const draw = () => {
            const glyph = spinnerFrames[frame++ % spinnerFrames.length] ?? '';
            spinnerText = `${head} ${glyph} ${what} (${Math.floor((Date.now() - startedAt) / 1000)} s)`;
            stream.write(`\r\x1b[2K${spinnerText.slice(0, (stream.columns ?? 120) - 1)}`);
          };
          draw();
          timer = setInterval(draw, spinnerIntervalMs);
        } else {
          line(wasLong ? `${indent} ${what} ...` : `${head} ${what} ...`);
          timer = setInterval(
            () => line(`${indent} still at it, ${Math.round((Date.now() - startedAt) / 1000)} s`),
            heartbeatIntervalMs,
          );
        }
        wasLong = true;
        timer.unref();
      },
      note(what) {
        line(`${indent} ${what}`);
      },
      done(what) {
        stop();
        const seconds =
          Date.now() - startedAt > 1000 ? paint('dim', ` (${duration(Date.now() - startedAt)})`) : '';
        line(wasLong && !isTty ? `${indent} ${what}${seconds}` : `${head} ${what}${seconds}`);
      },
      stop,
    };
  }

  return {
    isTty,
    useColour,
    /** Width of the terminal; undefined when there is none. */
    get columns() {
      return isTty ? stream.columns : undefined;
    },
    paint,
    line,
    step,
  };
}

/** @typedef {ReturnType<typeof createOutput>} Output */
