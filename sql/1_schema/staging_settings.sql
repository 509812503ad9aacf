-- name: 050_setting_run
-- One row: the settings of this transform that concern every source.
create table if not exists staging.setting_run (
    reporting_currency varchar not null,
    reporting_timezone varchar not null
);

-- name: 051_setting_sources
-- One source whose records are in raw.records, and how to read them: from the
-- configuration, or from ops.sources once it has left the configuration.
create table if not exists staging.setting_sources (
    source varchar not null,
    kind varchar not null,               -- productive, procurify
    tenant varchar not null,
    amount_basis varchar not null,       -- productive: gross, net
    approved_only boolean not null,      -- productive
    -- procurify: major, minor; null = unknown
    amount_unit varchar,
    minor_units varchar not null         -- JSON, such as {"JPY": 2}
);

-- name: 052_setting_cardholders
-- The e-mail address of one Procurify cardholder, from the user's file.
create table if not exists staging.setting_cardholders (
    source varchar not null,
    cardholder_uuid varchar not null,    -- lower case
    email varchar not null
);

-- name: 053_setting_rules
-- One exclusion rule of the user's rules file.
create table if not exists staging.setting_rules (
    line integer not null,               -- in the file; the first one decides
    source varchar,                      -- null = every source
    field varchar not null,              -- vendor, name, category …
    pattern varchar not null,            -- for ilike, escaped by \
    reason varchar not null
);

-- name: 054_setting_types
-- One row of the user's type mapping. It replaces the row of seed_types with
-- the same kind and value, switched on or off.
create table if not exists staging.setting_types (
    kind varchar not null,
    value varchar not null,
    type varchar not null                -- expense, invoice
);

-- name: 065_setting_run_latest_on
-- The last day on which anything can have been spent: two years ahead.
alter table staging.setting_run add column if not exists latest_on date;

-- name: 091_setting_sources_hidden_vendor
-- productive: quarantine, title.
alter table staging.setting_sources
add column if not exists hidden_vendor varchar;

-- name: 115_setting_categories
-- One line of the user's file of categories.
create table if not exists staging.setting_categories (
    position integer not null,           -- in the file
    source varchar,                      -- null = every source
    match varchar not null,              -- a category, or a pattern with *
    category varchar not null,           -- as it is posted
    decision varchar not null            -- same, different
);

-- name: 145_setting_cardholders_drop
-- They are in ops.cardholders.
drop table if exists staging.setting_cardholders;

-- name: 146_setting_sources_drop
-- They are in ops.sources.
drop table if exists staging.setting_sources;
