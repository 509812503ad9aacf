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
)
