insert into delivery.holds by name

select
    $run_id as run_id,
    target,
    key,
    spend_id,
    source,
    gate,
    class,
    kind,
    payload,
    md5(payload) as payload_hash,
    currency,
    amount,
    $at::timestamptz as held_at

from item_draft

where gate is not null
