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
)
