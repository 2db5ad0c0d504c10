import { Observable } from './observable.js';

/** The dialog that lies over the page, if one does. */
export const openDialog = new Observable<'switcher' | 'keys' | undefined>(undefined);
