-- +goose Up
-- Not a migration of the product: what a next one could be like, for TestMigrationsKilledAtEachStep. It stops where
-- upgrade_halt says.

ALTER TABLE card ADD COLUMN next_colour text;
INSERT INTO upgrade_halted SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE EXISTS (SELECT 1 FROM upgrade_halt WHERE step = 6)) SELECT i FROM n);
UPDATE card SET next_colour = 'green' WHERE state = 'active';
