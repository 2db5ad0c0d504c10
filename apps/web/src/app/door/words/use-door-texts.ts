import { useLanguage } from '../../i18n/texts.js';
import { en, type DoorTexts } from './en.js';
import { zh } from './zh.js';

/** The texts of the door, both languages: together they are three kilobytes. They are behind the first look at the page. */
export const useDoorTexts = (): DoorTexts => ({ en, zh })[useLanguage()];
