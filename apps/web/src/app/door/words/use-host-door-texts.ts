import { useLanguage } from '../../i18n/texts.js';
import { en, type HostDoorTexts } from './hosts-en.js';
import { zh } from './hosts-zh.js';

/** What hosts read about the door, both languages: loaded with what only they use. */
export const useHostDoorTexts = (): HostDoorTexts => ({ en, zh })[useLanguage()];
