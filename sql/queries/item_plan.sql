-- Writes the draft into the ledger. $invalid is a JSON array of {key, reason}:
-- those are refused here, and what they follow is not reversed. The others get
-- their batch: one target and one shape each, by date and key, so that a rerun
-- makes the same batches. What a gate holds and what follows is left out.
insert into delivery.planned_items by name

with

invalid as (

    select unnest(
        from_json($invalid, '[{"key": "VARCHAR", "reason": "VARCHAR"}]'),
        recursive := true
    )

),

attempts as (

    select
        target,
        key,
        max(attempt) as attempt

    from delivery.planned_items

    where key in (select key from item_draft)

    group by target, key

),

placed as (

    select
        draft.* exclude (gate, approved, reversed, follows),
        invalid.reason as message,
        coalesce(attempts.attempt, 0) + 1 as attempt,
        row_number() over (
            partition by
                draft.target, draft.record_schema, invalid.reason is null
            order by draft.occurred_on, draft.key
        ) - 1 as place

    from item_draft as draft

    left join invalid
        on draft.key = invalid.key

    left join attempts
        on draft.target = attempts.target
        and draft.key = attempts.key

    where draft.gate is null
        and (not draft.follows or invalid.key is not null)
        and (
            draft.kind != 'reversal'
            or draft.spend_id not in (
                select spend_id from item_draft
                where follows and key in (select key from invalid)
            )
        )

),

batched as (

    select
        *,
        dense_rank() over (
            order by
                message is not null, target, record_schema,
                place - place % $batch_size
        ) + $batches_before as batch_no,
        place % $batch_size + 1 as ordinal

    from placed

)

select
    target,
    key,
    attempt,
    spend_id,
    case
        when message is null
            then $run_id || '-' || lpad(
                batch_no::varchar,
                greatest(5, length(batch_no::varchar))::integer, '0'
            )
    end as batch_id,
    $run_id as run_id,
    source,
    page_id,
    record_version,
    class,
    kind,
    case when message is null then 'planned' else 'rejected' end as state,
    record_schema,
    payload,
    md5(payload) as payload_hash,
    content_hash,
    currency,
    message,
    $items_before
        + row_number() over (order by batch_no, ordinal, key) as ledger_no,
    ordinal,
    version,
    amount,
    -- As the JSON says: the control totals do not use the column amount.
    regexp_extract(
        payload, '"amount":(-?[0-9.]+)', 1
    )::decimal(18, 4) as sent_amount,
    created_ms,
    md5_number_upper(spend_id)::decimal(20, 0) as key_hash,
    occurred_on,
    $at::timestamptz as planned_at

from batched

order by ledger_no
