-- One item that a person approved: it passes every gate as it was listed.
create table if not exists delivery.approvals (
    decision_id varchar not null,
    target varchar not null,
    key varchar not null,
    spend_id varchar not null,
    payload_hash varchar not null
)
