-- +goose Up
-- Not a migration of the product: what a next one could be like, for TestMigrationsKilledAtEachStep. It stops where
-- upgrade_halt says.

INSERT INTO next_visit (id, at) SELECT id, produced_at FROM card;
INSERT INTO upgrade_halted SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE EXISTS (SELECT 1 FROM upgrade_halt WHERE step = 4)) SELECT i FROM n);
CREATE INDEX next_visit_at ON next_visit (at, id);
INSERT INTO upgrade_halted SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE EXISTS (SELECT 1 FROM upgrade_halt WHERE step = 5)) SELECT i FROM n);
