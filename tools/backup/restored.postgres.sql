-- Once, in a database that is made from a copy, in the transaction that makes it. Why, and how by hand: docs/backup.md.
-- A copy leaves the session without a path to its own tables.
RESET search_path;
UPDATE database_life SET parent = life, life = gen_random_uuid()::text, unnamed_tokens = 0;
SELECT setval('users_id_seq', nextval('users_id_seq') + 1000000), setval('rooms_id_seq', nextval('rooms_id_seq') + 1000000);
UPDATE rooms SET seq_ceiling = seq_ceiling + 1000000000;
