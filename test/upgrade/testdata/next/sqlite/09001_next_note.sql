-- +goose Up
-- Not a migration of the product: what a next one could be like, for TestMigrationsKilledAtEachStep. It stops where
-- upgrade_halt says.

ALTER TABLE order_line ADD COLUMN next_note text NOT NULL DEFAULT '';
INSERT INTO upgrade_halted SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE EXISTS (SELECT 1 FROM upgrade_halt WHERE step = 1)) SELECT i FROM n);
UPDATE order_line SET next_note = state;
INSERT INTO upgrade_halted SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE EXISTS (SELECT 1 FROM upgrade_halt WHERE step = 2)) SELECT i FROM n);
CREATE TABLE next_visit (id text NOT NULL PRIMARY KEY, at bigint NOT NULL);
INSERT INTO upgrade_halted SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE EXISTS (SELECT 1 FROM upgrade_halt WHERE step = 3)) SELECT i FROM n);
