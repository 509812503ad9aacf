-- One row per record that canonical and the ledger do not agree on, or that
-- waits: its class, and what the policy does about it.
create or replace temp table diff as

with

spend as (

    select
        spend.spend_id,
        spend.source,
        spend.currency,
        spend.amount,
        spend.occurred_on,
        targets.target,
        epoch_ms(spend.occurred_at) as created_ms,
        coalesce(spend.occurred_on < $post_from::date, false)
            or spend.occurred_on > $today::date as not_due,
        -- No text holds the separator: transform removes control characters.
        md5(concat_ws(chr(31),
            spend.amount::varchar, spend.currency,
            epoch_ms(spend.occurred_at)::varchar,
            spend.identifier, spend.type, spend.vendor,
            coalesce(spend.name, ''), coalesce(spend.category, ''),
            coalesce(spend.description, ''), coalesce(spend.department, '')
        )) as content_hash

    from canonical.spend as spend

    semi join diff_rest as rest
        on spend.spend_id = rest.spend_id

    left join diff_targets as targets
        on spend.source = targets.source

),

compared as (

    select
        ledger.* exclude (
            spend_id, source, target, reversed, open_items,
            standing_content_hash, rejected_content_hash, rejected_kind,
            rejected_schema
        ),
        spend.* exclude (spend_id, source, target, not_due),
        coalesce(spend.spend_id, ledger.spend_id) as spend_id,
        coalesce(spend.source, ledger.source) as source,
        coalesce(ledger.target, spend.target) as target,
        coalesce(ledger.reversed, false) as reversed,
        case
            when ledger.open_items > 0 then 'unknown'
            -- The new version of what was reversed is always due.
            when spend.spend_id is not null and ledger.standing_no is null
                and (ledger.reversed or not spend.not_due) then 'new'
            when spend.spend_id is not null and ledger.standing_no is null
                then 'not_due'
            when ledger.standing_no is null and ledger.reversed then 'absent'
            when ledger.standing_no is null then 'unchanged'
            when spend.not_due then 'frozen'
            when spend.spend_id is null then 'absent'
            when spend.amount != ledger.standing_amount
                or spend.currency != ledger.standing_currency
                or spend.created_ms != ledger.standing_created_ms then 'changed'
            when spend.content_hash != ledger.standing_content_hash
                then 'touched'
            else 'unchanged'
        end as difference,
        -- What was rejected is not sent again until it reads differently. A
        -- reversal never reads differently.
        coalesce(ledger.rejected_schema = $record_schema
            and ledger.rejected_content_hash = spend.content_hash, false)
            or coalesce(ledger.rejected_kind = 'reversal', false) as is_rejected

    from spend

    full outer join diff_ledger as ledger
        on spend.spend_id = ledger.spend_id

),

classed as (

    select
        compared.* exclude (difference),
        case
            when compared.difference != 'absent' then compared.difference
            when excluded.spend_id is not null then 'withdrawn'
            else 'frozen'
        end as class,
        coalesce(excluded.reason, quarantine.reason) as reason,
        md5(concat_ws(chr(31),
            compared.standing_key, compared.standing_amount,
            compared.standing_currency, compared.standing_created_ms,
            compared.amount, compared.currency, compared.created_ms,
            case when compared.is_rejected
                then compared.rejected_key || compared.rejected_payload_hash
            end
        )) as difference

    from compared

    left join canonical.excluded as excluded
        on compared.difference = 'absent'
        and compared.spend_id = excluded.spend_id

    left join canonical.quarantine as quarantine
        on compared.difference = 'absent'
        and compared.spend_id = quarantine.spend_id

    where compared.difference != 'unchanged'
        -- Reversed, and known not to be spend any more: nothing is missing.
        and not (
            compared.difference = 'absent'
            and compared.standing_no is null
            and excluded.spend_id is not null
        )

),

settled as (

    select
        *,
        (spend_id, difference) in (
            select (spend_id, difference) from delivery.dismissals
        ) as settled

    from classed

)

select
    *,
    case
        when class = 'unknown' then 'list'
        when $on_change = 'correct' and class in ('new', 'changed', 'touched')
            then case when standing_no is null then 'post' else 'resend' end
        when $on_change = 'correct' and class = 'withdrawn' then 'reverse'
        when is_rejected or target is null then 'wait'
        when class = 'new' then 'post'
        when settled then 'list'
        -- What was sent as finance has no key that could be replaced.
        when class in ('changed', 'touched') and $on_change = 'resend'
            and standing_schema = 'spend' then 'resend'
        when class in ('changed', 'withdrawn') and $on_change = 'compensate'
            then 'reverse'
        else 'list'
    end as action

from settled
