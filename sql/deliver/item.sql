-- delivery.planned_items: one row per record that is planned to be sent,
-- written once.

-- name: draft_all
-- The draft in the order it would be posted.
select payload

from item_draft

order by follows, target, record_schema, occurred_on, key;

-- name: draft_only
-- Leaves some records in the draft.
delete from item_draft
where spend_id not in (select unnest($spend_ids::varchar[]));

-- name: draft_correct
-- What was booked by hand is a correction. Taking a record back stays a
-- reversal.
update item_draft
set kind = 'correction'
where kind != 'reversal';

-- name: draft_payloads
select
    key,
    record_schema,
    payload

from item_draft

where gate is null;

-- name: drafted
select count(*) > 0 as drafted from item_draft;

-- name: misread
-- Offenders: items that do not say what their JSON says. What is read from a
-- payload is read once, when it is written.
select
    key,
    attempt

from delivery.planned_items

where payload_hash != md5(payload)
    or key_hash != md5_number_upper(spend_id)::decimal(20, 0)
    or sent_amount is distinct from try_cast(
        regexp_extract(payload, '"amount":(-?[0-9.]+)', 1) as decimal(18, 4)
    )

order by ledger_no;

-- name: drop_planned
-- What was planned and never stored is planned again from what canonical holds
-- now.
delete from delivery.planned_items

where state = 'planned'
    and ledger_no in (

        select ledger_no from delivery.items
        where state = 'planned'

    );
