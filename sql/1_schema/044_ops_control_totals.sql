-- One cell of a control total: what one step holds for one source, currency
-- and, where the step knows them, state, type and month.
create table if not exists ops.control_totals (
    run_id varchar not null,
    -- raw, canonical, excluded, quarantine, snapshot, ledger
    step varchar not null,
    source varchar not null,
    currency varchar not null,           -- '?' where it cannot be read
    -- ledger: delivered, unknown, held, rejected, pending, not_due,
    -- unsent_changes
    state varchar,
    type varchar,
    month date,                          -- its first day
    records bigint not null,
    -- in the source's own unit; Procurify: sum of absolute values
    source_amount decimal(38, 4),
    amount decimal(38, 4),               -- canonical, in major units
    abs_amount decimal(38, 4),
    -- sum(md5_number_upper(key)::decimal(38,0))
    key_hash decimal(38, 0) not null,
    recorded_at timestamptz not null
)
