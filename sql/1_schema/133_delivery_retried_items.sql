-- One rejected item that a person let go of, so that its record is sent again.
create table if not exists delivery.retried_items (
    ledger_no bigint not null,
    decision_id varchar not null
)
