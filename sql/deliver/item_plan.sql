-- Writes the draft into the ledger. $invalid is a JSON array of {key, reason}:
-- those are rejected here, and what they follow is not reversed. The others get
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
        draft.rowid as draft_no,
        draft.target,
        draft.record_schema,
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

batches as (

    select
        target,
        record_schema,
        message is null as is_valid,
        place - place % $batch_size as first_place,
        row_number() over (
            order by not is_valid, target, record_schema, first_place
        ) as batch_no,
        sum(count(*)) over (
            order by not is_valid, target, record_schema, first_place
            rows between unbounded preceding and 1 preceding
        ) as items_before

    from placed

    group by
        target,
        record_schema,
        is_valid,
        first_place

),

-- The payloads join last, so that no sort carries them.
numbered as (

    select
        placed.draft_no,
        placed.message,
        placed.attempt,
        $batches_before + batches.batch_no as batch_no,
        placed.place % $batch_size + 1 as ordinal,
        $items_before + coalesce(batches.items_before, 0)::bigint
            + ordinal as ledger_no

    from placed

    inner join batches
        on placed.target is not distinct from batches.target
        and placed.record_schema is not distinct from batches.record_schema
        and (placed.message is null) = batches.is_valid
        and placed.place - placed.place % $batch_size = batches.first_place

)

select
    draft.target,
    draft.key,
    numbered.attempt,
    draft.spend_id,
    case
        when numbered.message is null
            then $run_id || '-' || lpad(
                numbered.batch_no::varchar,
                greatest(5, length(numbered.batch_no::varchar))::integer, '0'
            )
    end as batch_id,
    $run_id as run_id,
    draft.source,
    draft.page_id,
    draft.record_version,
    draft.class,
    draft.kind,
    case when numbered.message is null then 'planned' else 'rejected' end
        as state,
    draft.record_schema,
    draft.payload,
    md5(draft.payload) as payload_hash,
    draft.content_hash,
    draft.currency,
    numbered.message,
    numbered.ledger_no,
    numbered.ordinal,
    draft.version,
    draft.amount,
    -- As the JSON says: the control totals do not use the column amount.
    regexp_extract(
        draft.payload, '"amount":(-?[0-9.]+)', 1
    )::decimal(18, 4) as sent_amount,
    draft.created_ms,
    md5_number_upper(draft.spend_id)::decimal(20, 0) as key_hash,
    draft.occurred_on,
    $at::timestamptz as planned_at

from item_draft as draft

inner join numbered
    on draft.rowid = numbered.draft_no
