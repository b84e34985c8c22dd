-- +goose Up

-- Pictures and documents, sealed for their id. sha256 is of the plain bytes.
CREATE TABLE blob (
    id         text   NOT NULL PRIMARY KEY,
    sha256     text   NOT NULL,
    media_type text   NOT NULL,
    size       bigint NOT NULL,
    sealed     blob   NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX blob_sha256 ON blob (sha256);

-- One row per proven human. The number is sealed; its keyed hash finds it.
CREATE TABLE person (
    id                 text    NOT NULL PRIMARY KEY,
    number_hash        text    NOT NULL UNIQUE,
    number_sealed      blob    NOT NULL,
    given_name         text    NOT NULL,
    surname            text    NOT NULL,
    birth_date         text    NOT NULL,
    nationality        text    NOT NULL,
    nationality_proven boolean NOT NULL,
    email              text    NOT NULL,
    phone              text    NOT NULL,
    street             text    NOT NULL,
    postcode           text    NOT NULL,
    city               text    NOT NULL,
    country            text    NOT NULL,
    lang               text    NOT NULL,
    proven_by          text    NOT NULL,
    proven_at          bigint  NOT NULL,
    revision           bigint  NOT NULL,
    created_at         bigint  NOT NULL
);

-- organisation_number is NULL for a sole trader: that number is a personal number and stands only sealed.
CREATE TABLE company (
    id                  text    NOT NULL PRIMARY KEY,
    name                text    NOT NULL,
    name_key            text    NOT NULL,
    sort_key            text    NOT NULL,
    country             text    NOT NULL,
    number_hash         text    NOT NULL,
    organisation_number text,
    number_sealed       blob,
    sole_trader         boolean NOT NULL,
    reference_required  boolean NOT NULL,
    hold                text    NOT NULL CHECK (hold IN ('', 'unpaid', 'agreement', 'other')),
    held_at             bigint,
    held_by             text,
    hold_note           text    NOT NULL,
    revision            bigint  NOT NULL,
    created_at          bigint  NOT NULL,
    closed_at           bigint,
    CHECK ((hold = '') = (held_at IS NULL)),
    CHECK ((organisation_number IS NULL) = (number_sealed IS NOT NULL)),
    UNIQUE (country, number_hash)
);
CREATE INDEX company_sorted ON company (sort_key, id);

CREATE TABLE company_address (
    id         text    NOT NULL PRIMARY KEY,
    company_id text    NOT NULL REFERENCES company (id),
    is_default boolean NOT NULL,
    name       text    NOT NULL,
    care_of    text    NOT NULL,
    line1      text    NOT NULL,
    postcode   text    NOT NULL,
    city       text    NOT NULL,
    country    text    NOT NULL,
    created_at bigint  NOT NULL
);
CREATE INDEX company_address_company ON company_address (company_id, created_at, id);
CREATE UNIQUE INDEX company_address_default ON company_address (company_id) WHERE is_default;
