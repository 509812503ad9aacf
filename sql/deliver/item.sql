-- delivery.planned_items: one row per record that is planned to be sent,
-- written once.

-- name: draft_all
-- A part of the draft, in the order in which it is stored.
select payload

from item_draft

where rowid between $first and $last

order by rowid;

-- name: draft_rows
-- From which row on and below which one the draft is stored.
select
    coalesce(min(rowid), 0) as row_first,
    coalesce(max(rowid) + 1, 0) as row_end

from item_draft;

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
-- A part of what would be posted.
select
    key,
    record_schema,
    payload

from item_draft

where rowid between $first and $last
    and gate is null;

-- name: drafted
select count(*) as items from item_draft;

-- name: misread
-- Offenders: items that do not say what their JSON says. What is read from a
-- payload is read once, when it is written.
select key || ', attempt ' || attempt as offender

from delivery.planned_items

where payload_hash != md5(payload)
    or key_hash != md5_number_upper(spend_id)::decimal(20, 0)
    or sent_amount is distinct from try_cast(
        regexp_extract(payload, '"amount":(-?[0-9.]+)', 1) as decimal(18, 4)
    )

order by ledger_no;

-- name: planned
select count(*) > 0 as planned from delivery.items where state = 'planned';

-- name: drop_planned
-- What was planned and never stored is planned again from what canonical holds
-- now.
delete from delivery.planned_items

where state = 'planned'
    and ledger_no in (

        select ledger_no from delivery.items
        where state = 'planned'

    );

-- name: draft_reversals
-- A reversal is the newest accepted item, as it was sent, with the amount
-- negated and a key of its own. What looks like a member is one: in a text the
-- quotes would be escaped.
insert into item_draft by name

with

standing as (

    select
        items.* exclude (class, target),
        diff.class,
        diff.target,
        diff.versions,
        diff.spend_id || '-rev' || diff.versions as reversal_key,
        case items.record_schema
            when 'finance' then '"transactionNumber":'
            else '"signatureId":'
        end as key_member

    from diff

    inner join delivery.planned_items as items
        on diff.standing_no = items.ledger_no

    where diff.action = 'reverse'

)

select
    spend_id,
    class,
    false as approved,
    false as reversed,
    false as follows,
    target,
    reversal_key as key,
    'reversal' as kind,
    versions as version,
    source,
    page_id,
    record_version,
    content_hash,
    currency,
    created_ms,
    occurred_on,
    -amount as amount,
    record_schema,
    replace(
        case
            when amount < 0 then replace(payload, '"amount":-', '"amount":')
            else replace(payload, '"amount":', '"amount":-')
        end,
        key_member || to_json(standing.key),
        key_member || to_json(reversal_key)
    ) as payload

from standing;
