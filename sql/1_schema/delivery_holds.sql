-- name: 033_holds
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
);

-- name: 077_approvals
-- One item that a person approved: it passes every gate as it was listed.
create table if not exists delivery.approvals (
    decision_id varchar not null,
    target varchar not null,
    key varchar not null,
    spend_id varchar not null,
    payload_hash varchar not null
);

-- name: 078_approvals_held
insert into delivery.approvals by name

select
    settlement_id as decision_id,
    target,
    key,
    spend_id,
    payload_hash

from delivery.holds

where settlement_id is not null;

-- name: 079_holds_open
-- One item that a gate holds: exactly what would be posted, as the last load
-- listed it. It stays until it is approved, settled or gone.
create table delivery.holds_open as

select * exclude (settlement_id)

from delivery.holds

where settlement_id is null;

-- name: 080_holds_drop
drop table delivery.holds;

-- name: 081_holds_rename
alter table delivery.holds_open rename to holds;
