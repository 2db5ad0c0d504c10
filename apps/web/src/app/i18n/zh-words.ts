import type { Words } from './words.js';
import { zh } from './zh.js';
import { zhErrors } from './zh-errors.js';

export const words: Words = { language: 'zh', texts: zh, errors: zhErrors };
