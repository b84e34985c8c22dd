-- +goose Up
CREATE TABLE account (
	id         text PRIMARY KEY,
	person_id  text NOT NULL UNIQUE REFERENCES person (id),
	email      text,
	lang       text NOT NULL,
	created_at bigint NOT NULL
);

-- A session's cookie is never stored, only its hash. Times are wall time.
CREATE TABLE session (
	id_hash    text PRIMARY KEY,
	public_id  text NOT NULL UNIQUE,
	account_id text NOT NULL REFERENCES account (id),
	auth_at    bigint NOT NULL,
	last_seen  bigint NOT NULL,
	expires_at bigint NOT NULL,
	ip         text,
	user_agent text,
	ended_at   bigint
);
CREATE INDEX session_account ON session (account_id) WHERE ended_at IS NULL;
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE account_grant (
	id          text PRIMARY KEY,
	account_id  text NOT NULL REFERENCES account (id),
	role        text NOT NULL CHECK (role IN ('orderer', 'reviewer', 'production', 'officer', 'support', 'finance')),
	company_id  text REFERENCES company (id),
	granted_at  bigint NOT NULL,
	granted_by  text,
	revoked_at  bigint
);
CREATE UNIQUE INDEX account_grant_once ON account_grant (account_id, role, coalesce(company_id, '')) WHERE revoked_at IS NULL;
CREATE INDEX account_grant_company ON account_grant (company_id) WHERE revoked_at IS NULL;

CREATE TABLE invitation (
	id          text PRIMARY KEY,
	token_hash  text NOT NULL UNIQUE,
	role        text NOT NULL CHECK (role IN ('orderer', 'reviewer', 'production', 'officer', 'support', 'finance')),
	company_id  text REFERENCES company (id),
	given_name  text NOT NULL,
	surname     text NOT NULL,
	email       text NOT NULL,
	lang        text NOT NULL,
	invited_by  text NOT NULL,
	created_at  bigint NOT NULL,
	expires_at  bigint NOT NULL,
	accepted_at bigint,
	accepted_by text REFERENCES account (id),
	withdrawn_at bigint
);
CREATE INDEX invitation_company ON invitation (company_id, created_at);
