-- +goose Up
-- Not a migration of the product: what a next one could be like, for TestMigrationsKilledAtEachStep. It stops where
-- upgrade_halt says.

ALTER TABLE order_line ADD COLUMN next_note text NOT NULL DEFAULT '';
INSERT INTO upgrade_halted SELECT step FROM upgrade_halt WHERE step = 1 AND pg_sleep(600)::text <> 'never';
UPDATE order_line SET next_note = state;
INSERT INTO upgrade_halted SELECT step FROM upgrade_halt WHERE step = 2 AND pg_sleep(600)::text <> 'never';
CREATE TABLE next_visit (id text NOT NULL PRIMARY KEY, at bigint NOT NULL);
INSERT INTO upgrade_halted SELECT step FROM upgrade_halt WHERE step = 3 AND pg_sleep(600)::text <> 'never';
