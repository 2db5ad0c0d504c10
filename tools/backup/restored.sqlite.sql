-- Once, in a database that was made from a copy, before logic starts. Why: docs/backup.md, "What npm run restore does besides".
BEGIN IMMEDIATE;
UPDATE database_life SET parent = life, life = lower(hex(randomblob(16))), unnamed_tokens = 0;
UPDATE sqlite_sequence SET seq = seq + 1000000 WHERE name IN ('users', 'rooms');
UPDATE rooms SET seq_ceiling = seq_ceiling + 1000000000;
COMMIT;
