-- name: 016_vendor_aliases
-- One line of the alias file: what a person decided about a vendor's name.
-- Written anew by every transform.
create table if not exists staging.vendor_aliases (
    position integer not null,           -- in the file; the first decides
    match varchar not null,              -- a name, a key, or a pattern with *
    vendor varchar not null,             -- canonical name, as it is posted
    decision varchar not null,           -- same, different = rejected
    who varchar,
    decided_on date
);

-- name: 018_vendor_spellings
-- One spelling of a vendor's name, and where it was seen first.
create table if not exists staging.vendor_spellings (

    ---------- ids
    page_id varchar not null,
    ordinal integer not null,

    ---------- text
    spelling varchar not null,           -- cleaned
    vendor_key varchar not null,
    key_rules varchar not null,          -- hash of the seeds that made the key

    ---------- timestamps
    seen_at timestamptz not null
);

-- name: 064_vendor_names
-- What canonical calls each spelling of a vendor, to see which records a
-- changed alias concerns.
create table if not exists staging.vendor_names (
    vendor_raw varchar not null,
    vendor_key varchar not null,
    vendor varchar not null,
    vendor_rule varchar not null
);

-- name: 105_vendor_spellings_origin
-- Where the name is written: directory, title, or descriptor, which is a card
-- terminal's.
alter table staging.vendor_spellings
add column if not exists vendor_origin varchar;

-- name: 106_vendor_spellings_decorated
-- By a processor's prefix or a store number.
alter table staging.vendor_spellings
add column if not exists decorated boolean;

-- name: 107_vendor_names_origin
alter table staging.vendor_names
add column if not exists vendor_origin varchar;

-- name: 108_vendor_names_best
-- The spelling that would be posted if none had been posted yet.
alter table staging.vendor_names
add column if not exists best_spelling varchar;
