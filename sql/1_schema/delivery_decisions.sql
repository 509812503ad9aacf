-- name: 032_settlements
-- One decision of a person about a batch or a record: who, when and why.
create table if not exists delivery.settlements (
    settlement_id varchar not null,      -- UUIDv7
    subject varchar not null,            -- a batch id or a spend id
    -- accepted, resend, retry, corrected_at_productiv, approve
    decision varchar not null,
    decided_by varchar not null,
    note varchar not null,
    decided_at timestamptz not null
);

-- name: 071_decisions
-- One thing a person decided: an approval, a settlement, a moved target. It is
-- also a line of sent/decisions.jsonl, from which it can be restored.
create table if not exists delivery.decisions (
    decision_id varchar not null,        -- UUIDv7
    -- a batch id, a spend id, a plan, or a target
    subject varchar not null,
    -- accepted, resend, retry, dismiss, corrected_at_productiv, approve,
    -- target_moved, target_kept, delivered_keys
    decision varchar not null,
    decided_by varchar not null,
    note varchar not null,
    -- the newest item when it was made: a rebuild replays it after that one
    ledger_no bigint not null,
    covers varchar,                      -- JSON: what was listed, exactly
    decided_at timestamptz not null
);

-- name: 072_decisions_settled
-- Settlements are decisions.
insert into delivery.decisions by name

select
    settlement_id as decision_id,
    subject,
    decision,
    decided_by,
    note,
    coalesce((select max(ledger_no) from delivery.items), 0) as ledger_no,
    decided_at

from delivery.settlements;

-- name: 073_settlements_drop
drop table delivery.settlements;

-- name: 082_kept_records
-- One record that stays at the target that accepted it, although its source
-- posts to another one now. Its changes and reversals go there.
create table if not exists delivery.kept_records (
    decision_id varchar not null,
    spend_id varchar not null,
    target varchar not null
);

-- name: 083_dismissals
-- One difference to what Productiv holds that a person signed for. Another
-- difference of the same record is open again.
create table if not exists delivery.dismissals (
    decision_id varchar not null,
    spend_id varchar not null,
    difference varchar not null          -- as in delivery.differences
);
