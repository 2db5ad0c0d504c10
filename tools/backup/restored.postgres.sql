-- Once, in a database that was made from a copy, before logic starts. Why: docs/backup.md, "What npm run restore does besides".
BEGIN;
UPDATE database_life SET parent = life, life = gen_random_uuid()::text, unnamed_tokens = 0;
SELECT setval('users_id_seq', nextval('users_id_seq') + 1000000), setval('rooms_id_seq', nextval('rooms_id_seq') + 1000000);
UPDATE rooms SET seq_ceiling = seq_ceiling + 1000000000;
COMMIT;
