import { useLanguage } from '../../i18n/texts.js';
import { en, type DoorTexts } from './en.js';
import { zh } from './zh.js';

/** What people read at the door, both languages: together they are two kilobytes. They are behind the first look at the page. */
export const useDoorTexts = (): DoorTexts => ({ en, zh })[useLanguage()];
