-- One decision of a person about a batch or a record: who, when and why.
create table if not exists delivery.settlements (
    settlement_id varchar not null,      -- UUIDv7
    subject varchar not null,            -- a batch id or a spend id
    -- accepted, resend, retry, corrected_at_productiv, approve
    decision varchar not null,
    decided_by varchar not null,
    note varchar not null,
    decided_at timestamptz not null
)
