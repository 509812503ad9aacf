-- name: 900_tabbly__claims
-- One claim of Tabbly as last seen.
create table if not exists staging.tabbly__claims (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    page_id varchar not null,
    merchant varchar,
    currency_text varchar,
    identifier varchar,
    state varchar,
    fault varchar,
    cents decimal(28, 4),
    tombstone boolean not null,
    spent_on date,
    first_seen_at timestamptz not null,
    seen_at timestamptz not null
);
