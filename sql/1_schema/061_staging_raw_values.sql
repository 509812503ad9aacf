-- The currency and amounts of one version of one record of a spend stream, read
-- straight from its payload for the control totals. No model reads this table
-- and it reads none. Procurify has one amount, which stands in both columns.
create table if not exists staging.raw_values (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    currency varchar,                    -- as received, trimmed
    net_amount decimal(38, 4),           -- total_amount
    gross_amount decimal(38, 4)          -- total_amount_with_tax
)
