import {
  clientMsgIdField,
  codePointLength,
  limits,
  Op,
  textField,
  type ErrorCode,
  type ErrorFrame,
} from '@parley/protocol';

/**
 * The limits that a client can judge by itself. What no server takes must not be sent: a frame above the
 * transport's limit would cost the connection.
 *
 * @returns The code of the refusal; undefined when the server may see it.
 */
export function refusalOf(text: string, clientMsgId: string): ErrorCode | undefined {
  if (codePointLength(text) > limits.maxTextCodePoints) return 'MESSAGE_TOO_LONG';
  const valid = textField.safeParse(text).success && clientMsgIdField.safeParse(clientMsgId).success;
  return valid ? undefined : 'INVALID';
}

/** An error frame of the client's own making. */
export function localError(code: string, message: string, retryable: boolean): ErrorFrame {
  return { op: Op.error, code, message, retryable };
}
