-- One record that stays at the target that accepted it, although its source
-- posts to another one now. Its changes and reversals go there.
create table if not exists delivery.kept_records (
    decision_id varchar not null,
    spend_id varchar not null,
    target varchar not null
)
