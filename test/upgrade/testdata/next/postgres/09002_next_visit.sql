-- +goose Up
-- Not a migration of the product: what a next one could be like, for TestMigrationsKilledAtEachStep. It stops where
-- upgrade_halt says.

INSERT INTO next_visit (id, at) SELECT id, produced_at FROM card;
INSERT INTO upgrade_halted SELECT step FROM upgrade_halt WHERE step = 4 AND pg_sleep(600)::text <> 'never';
CREATE INDEX next_visit_at ON next_visit (at, id);
INSERT INTO upgrade_halted SELECT step FROM upgrade_halt WHERE step = 5 AND pg_sleep(600)::text <> 'never';
