-- +goose Up
-- Not a migration of the product: what a next one could be like, for TestMigrationsKilledAtEachStep. It stops where
-- upgrade_halt says.

ALTER TABLE card ADD COLUMN next_colour text;
INSERT INTO upgrade_halted SELECT step FROM upgrade_halt WHERE step = 6 AND pg_sleep(600)::text <> 'never';
UPDATE card SET next_colour = 'green' WHERE state = 'active';
