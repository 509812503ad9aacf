-- One item that a gate held back: exactly what would have been posted. The
-- rows of one load are the diff that a person looks at before approving it.
create table if not exists delivery.holds (

    ---------- ids
    run_id varchar not null,             -- the load that held it
    target varchar not null,
    key varchar not null,
    spend_id varchar not null,
    source varchar not null,
    settlement_id varchar,               -- the approval, null = still held

    ---------- text
    -- hold_changes_above, hold_volume_above
    gate varchar not null,
    class varchar not null,              -- new, changed, touched, withdrawn
    kind varchar not null,               -- spend, reversal, version, resend
    payload varchar not null,
    payload_hash varchar not null,
    currency varchar not null,

    ---------- numerics
    amount decimal(18, 4) not null,      -- of the payload

    ---------- timestamps
    held_at timestamptz not null
)
