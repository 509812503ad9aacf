-- name: 046_sources
-- One source that ever ran. Its kind and tenant are part of every key, so
-- they never change; the rest is how its records were read last, and lets a
-- source that left the configuration keep its canonical records.
create table if not exists ops.sources (
    source varchar not null,
    kind varchar not null,               -- productive, procurify
    tenant varchar not null,             -- organization_id, domain
    amount_basis varchar,                -- productive: gross, net
    approved_only boolean,               -- productive
    amount_unit varchar,                 -- procurify: major, minor, null
    -- productive: JSON, such as {"JPY": 2}, null
    minor_units varchar,
    first_run_id varchar not null,
    updated_at timestamptz not null
);

-- name: 090_sources_hidden_vendor
-- productive: what stands in for a vendor that is linked and not visible:
-- quarantine, title; null = quarantine.
alter table ops.sources add column if not exists hidden_vendor varchar;

-- name: 092_files
-- One of the user's files, by the key that names it in the configuration, as it
-- was last read without a fault. While the file is missing or faulty, this copy
-- is used. Rates have the key fx, whether from a file or an address.
create table if not exists ops.files (
    key varchar not null,                -- such as rules_file
    path varchar not null,
    sha256 varchar not null,             -- of the file
    -- As read; of rates, with the days and currencies of the files before.
    content blob not null,
    read_at timestamptz not null         -- when this content was first read
);

-- name: 110_vendor_names
-- The name that a vendor was posted under first. Later records of that key go
-- by it too, until a person decides on another.
create table if not exists ops.vendor_names (
    vendor_key varchar not null,
    vendor varchar not null,             -- as posted
    spelling varchar not null,           -- of the record that was accepted
    vendor_origin varchar not null,      -- directory, descriptor, title
    fixed_at timestamptz not null        -- when Productiv accepted it
);

-- name: 143_cardholders
-- The e-mail address of one cardholder, from the user's file of a source. A
-- source that left the configuration keeps its addresses.
create table if not exists ops.cardholders (
    source varchar not null,
    cardholder_uuid varchar not null,    -- lower case
    email varchar not null
);

-- name: 144_cardholders_move
-- They were in staging, which may be dropped at any time.
insert into ops.cardholders by name

select * from staging.setting_cardholders;

-- name: 147_sources_defaults
-- Models read this table: the defaults of settings are filled in.
update ops.sources set
    amount_basis = coalesce(amount_basis, 'gross'),
    approved_only = coalesce(approved_only, true),
    amount_unit = nullif(amount_unit, ''),
    minor_units = coalesce(nullif(minor_units, ''), '{}'),
    hidden_vendor = coalesce(hidden_vendor, 'quarantine');
