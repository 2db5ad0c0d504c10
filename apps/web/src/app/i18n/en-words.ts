import { en } from './en.js';
import { enErrors } from './en-errors.js';
import type { Words } from './words.js';

export const words: Words = { language: 'en', texts: en, errors: enErrors };
