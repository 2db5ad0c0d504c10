import 'reflect-metadata';
import { openDatabase } from './open-database.js';

/** A process that opens and migrates the database whose URL is its argument, then ends. */
const dataSource = await openDatabase(process.argv[2] ?? '');
await dataSource.destroy();
