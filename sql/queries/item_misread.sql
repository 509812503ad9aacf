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

order by ledger_no
