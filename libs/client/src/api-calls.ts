import { problemSchema } from '@parley/protocol';
import { ApiError } from './api-error.js';
import { isKeptFromThisPage } from './why-no-answer.js';

/** Options of {@link ParleyApi}. */
export interface ParleyApiOptions {
  /** Origin of the API, with or without a trailing slash; `''` for the page's own. */
  readonly baseUrl: string;
  /** @defaultValue globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
  /** Called for every request but `register` and `login`; `undefined` sends none. */
  readonly getToken?: () => string | undefined | Promise<string | undefined>;
  /** An answer that takes longer counts as `NETWORK`, milliseconds; four times that for a password. @defaultValue 15_000 */
  readonly timeoutMs?: number;
}

interface Schema<T> {
  parse(value: unknown): T;
}

/** Asks the API for something: of an answer what the schema makes of it. */
export type ApiCall = ApiCalls['call'];

/** Requests of the HTTP API, and what their answers mean. They throw {@link ApiError} and nothing else. */
export class ApiCalls {
  readonly #baseUrl: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #getToken: NonNullable<ParleyApiOptions['getToken']>;
  readonly #timeoutMs: number;
  /** It has answered: this page may call it. */
  #hasAnswered = false;

  constructor(options: ParleyApiOptions) {
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '');
    // Bound late and called without a receiver: browsers refuse `fetch` as a method of another object.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#getToken = options.getToken ?? (() => undefined);
    this.#timeoutMs = options.timeoutMs ?? 15_000;
  }

  call<T>(method: string, path: string, schema: Schema<T>, request?: ApiRequest): Promise<T>;
  call(method: string, path: string, schema: undefined, request?: ApiRequest): Promise<undefined>;
  async call<T>(
    method: string,
    path: string,
    schema: Schema<T> | undefined,
    { body, headers, anonymous = false, hasPassword = false }: ApiRequest = {},
  ): Promise<T | undefined> {
    let response: Response;
    let text: string;
    try {
      const token = anonymous ? undefined : await this.#getToken();
      response = await this.#fetch(this.#baseUrl + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // Passwords are looked at one after the other: when a lesson starts, hundreds wait.
        signal: AbortSignal.timeout(hasPassword ? PASSWORD_PATIENCE * this.#timeoutMs : this.#timeoutMs),
      });
      text = await response.text();
    } catch (cause) {
      throw new ApiError(0, await this.#whyNoAnswer(cause), true, undefined, { cause });
    }
    this.#hasAnswered = true;
    if (!response.ok) throw refusal(response, text);
    if (!schema) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new ApiError(response.status, 'BAD_RESPONSE', false, undefined, { cause });
    }
  }

  /** A server that is too slow is no riddle, and one that has answered before did not keep it to itself. */
  async #whyNoAnswer(cause: unknown): Promise<'NETWORK' | 'ORIGIN_DENIED'> {
    const isLate = cause instanceof Error && (cause.name === 'TimeoutError' || cause.name === 'AbortError');
    if (isLate || this.#hasAnswered) return 'NETWORK';
    const isKept = await isKeptFromThisPage(this.#fetch, this.#baseUrl, PROBE_TIMEOUT_MS);
    return isKept ? 'ORIGIN_DENIED' : 'NETWORK';
  }
}

/** For each look at why there was no answer, milliseconds. */
const PROBE_TIMEOUT_MS = 3_000;

/** Times the usual wait, for a log-in or a registration. */
const PASSWORD_PATIENCE = 4;

interface ApiRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly anonymous?: boolean;
  /** A password is looked at, or kept. */
  readonly hasPassword?: boolean;
}

/** Something between may answer in the server's place (a proxy's 502): then there is no problem document. */
function refusal({ status, headers }: Response, text: string): ApiError {
  const options = { retryAfterMs: retryAfterMs(headers.get('retry-after')) };
  try {
    const problem = problemSchema.parse(JSON.parse(text));
    return new ApiError(status, problem.code, problem.retryable, problem, options);
  } catch {
    const isRetryable = status >= 500 || status === 408 || status === 429;
    return new ApiError(status, 'BAD_RESPONSE', isRetryable, undefined, options);
  }
}

/**
 * Seconds only: a date would have to be compared with a clock that may be wrong.
 *
 * @see RFC 9110, section 10.2.3
 */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,5}$/.test(header.trim()) ? Number(header) * 1_000 : undefined;
}
