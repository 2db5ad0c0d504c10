import { isErrorCode, type ErrorCode } from '@parley/protocol';
import type { Language } from '../preferences/preferences.js';

/** What can go wrong on this side of the wire. */
type LocalCode = 'NETWORK' | 'BAD_RESPONSE' | 'WAITED_TOO_LONG' | 'PAGING_DEADLINE' | 'CLOSED' | 'ENDED';

const localCodes: ReadonlySet<string> = new Set<LocalCode>([
  'NETWORK',
  'BAD_RESPONSE',
  'WAITED_TOO_LONG',
  'PAGING_DEADLINE',
  'CLOSED',
  'ENDED',
]);

/** A code without a text does not compile. */
type ErrorTexts = Readonly<Record<ErrorCode | LocalCode, string>>;

const en: ErrorTexts = {
  BAD_JSON: 'The server could not read what was sent. Reload the page.',
  INVALID: 'Something in this is not allowed. Check it and try again.',
  UNKNOWN_OP: 'The server does not know how to do this. Reload the page.',
  UNAUTHENTICATED: 'Your log-in has expired. Log in again.',
  SESSION_REVOKED: 'You were logged out.',
  BAD_CREDENTIALS: 'The user name or the password is wrong.',
  FORBIDDEN: 'You are not allowed to do this.',
  ORIGIN_DENIED:
    'The server is running, but does not let in pages from this address. Whoever runs it can allow it with PARLEY_ORIGINS.',
  NOT_FOUND: 'There is nothing here.',
  ROOM_NOT_FOUND: 'This room does not exist.',
  USER_NOT_FOUND: 'This user does not exist.',
  NOT_JOINED: 'You are not in this room any more. Open it again.',
  NAME_TAKEN: 'This name is taken. Choose another one.',
  IDEMPOTENCY_MISMATCH: 'This was already sent with a different text.',
  MESSAGE_TOO_LONG: 'The message is too long.',
  FRAME_TOO_LARGE: 'The message is too large.',
  FRAME_BAD_VERSION: 'This page and the server do not speak the same version. Reload the page.',
  FRAME_BAD_LENGTH: 'The server could not read what was sent. Reload the page.',
  PAYLOAD_TOO_LARGE: 'This is too large to send.',
  TOO_MANY_ROOMS: 'You have too many rooms open. Leave one first.',
  ROOM_LIMIT: 'You have made as many rooms as one person may.',
  TOO_MANY_ERRORS: 'The server closed the connection after too many errors. Reload the page.',
  TOO_MANY_CONNECTIONS: 'You are connected too many times. Close other pages of this site.',
  RATE_LIMITED: 'That was too fast. Wait a moment and try again.',
  AUTH_TIMEOUT: 'The connection took too long. Try again.',
  HEARTBEAT_TIMEOUT: 'The connection was silent for too long. Try again.',
  OVERLOADED: 'The server is busy. Try again shortly.',
  UNAVAILABLE: 'A part of the server is restarting. Try again shortly.',
  DEADLINE_EXCEEDED: 'The server did not answer in time. Try again.',
  NOT_REPLICATED: 'The message is not safe yet. Try again shortly.',
  HISTORY_PENDING: 'These messages are still being stored. Try again shortly.',
  INTERNAL: 'Something went wrong on the server. Try again.',
  NETWORK: 'The server cannot be reached. Check your connection.',
  BAD_RESPONSE: 'The server gave an answer that makes no sense. Try again.',
  WAITED_TOO_LONG: 'It was written more than a week ago. Send it now, or let it be?',
  PAGING_DEADLINE: 'The messages could not be loaded in time.',
  CLOSED: 'The connection was closed.',
  ENDED: 'The server ended the connection. Reload the page.',
};

const zh: ErrorTexts = {
  BAD_JSON: '服务器无法读取发送的内容，请刷新页面。',
  INVALID: '内容不符合要求，请检查后重试。',
  UNKNOWN_OP: '服务器不支持此操作，请刷新页面。',
  UNAUTHENTICATED: '登录已过期，请重新登录。',
  SESSION_REVOKED: '你已退出登录。',
  BAD_CREDENTIALS: '用户名或密码错误。',
  FORBIDDEN: '你没有权限这样做。',
  ORIGIN_DENIED: '服务器正在运行，但不接受来自此地址的页面。管理员可通过 PARLEY_ORIGINS 允许它。',
  NOT_FOUND: '这里什么都没有。',
  ROOM_NOT_FOUND: '房间不存在。',
  USER_NOT_FOUND: '用户不存在。',
  NOT_JOINED: '你已不在此房间，请重新打开。',
  NAME_TAKEN: '该名称已被使用，请换一个。',
  IDEMPOTENCY_MISMATCH: '这条消息曾以不同内容发送过。',
  MESSAGE_TOO_LONG: '消息太长了。',
  FRAME_TOO_LARGE: '消息太大了。',
  FRAME_BAD_VERSION: '页面与服务器版本不一致，请刷新页面。',
  FRAME_BAD_LENGTH: '服务器无法读取发送的内容，请刷新页面。',
  PAYLOAD_TOO_LARGE: '内容太大，无法发送。',
  TOO_MANY_ROOMS: '打开的房间太多，请先离开一个。',
  ROOM_LIMIT: '你创建的房间数已达上限。',
  TOO_MANY_ERRORS: '错误过多，服务器已断开连接，请刷新页面。',
  TOO_MANY_CONNECTIONS: '连接数过多，请关闭本站的其他页面。',
  RATE_LIMITED: '操作太快了，请稍后再试。',
  AUTH_TIMEOUT: '连接超时，请重试。',
  HEARTBEAT_TIMEOUT: '连接长时间无响应，请重试。',
  OVERLOADED: '服务器繁忙，请稍后再试。',
  UNAVAILABLE: '服务器的一部分正在重启，请稍后再试。',
  DEADLINE_EXCEEDED: '服务器未及时响应，请重试。',
  NOT_REPLICATED: '消息尚未安全保存，请稍后再试。',
  HISTORY_PENDING: '这部分消息还在保存中，请稍后再试。',
  INTERNAL: '服务器出错了，请重试。',
  NETWORK: '无法连接服务器，请检查网络。',
  BAD_RESPONSE: '服务器返回了无法理解的内容，请重试。',
  WAITED_TOO_LONG: '这条消息写于一周多以前，要现在发送还是放弃？',
  PAGING_DEADLINE: '消息未能及时加载。',
  CLOSED: '连接已关闭。',
  ENDED: '服务器结束了连接，请刷新页面。',
};

const byLanguage: Readonly<Record<Language, ErrorTexts>> = { en, zh };

/**
 * An error in words.
 *
 * @param code - Of the error catalogue or of libs/client. A newer server may send others: they read like `INTERNAL`.
 */
export function errorText(language: Language, code: string): string {
  const known = isErrorCode(code) || localCodes.has(code) ? (code as ErrorCode | LocalCode) : 'INTERNAL';
  return byLanguage[language][known];
}
