-- Items that are settled.

-- name: select
-- What a decision covers, as it was listed: one record, or what the last ended
-- run listed.
select
    count(*) as records,
    coalesce(to_json(list({
        'spend_id': spend_id, 'difference': difference,
        'class': class, 'state': state,
        'currency': currency, 'amount': amount::varchar
    } order by spend_id)), '[]')::varchar as covers

from delivery.undelivered

where not settled
    and class in (select unnest($classes::varchar[]))
    and spend_id = coalesce(nullif($spend_id, ''), spend_id)
    and ($spend_id != '' or since_run_id != '')
    and ($source = '' or source = $source)
    and ($currency = '' or currency = $currency)
    and ($before::date is null or occurred_on < $before::date);

-- name: rejected
-- The batches that the rejected items of some records were in.
select distinct coalesce(batch_id, '') as batch_id

from delivery.items

where spend_id in (select unnest($spend_ids::varchar[]))
    and state = 'rejected'
    and decision_id is null

order by batch_id;

-- name: retry
-- Releases the rejected items of some records, so that they are sent again. It
-- does not cover a later rejection.
insert into delivery.retried_items by name

select
    ledger_no,
    $decision_id as decision_id

from delivery.items

where spend_id in (select unnest($spend_ids::varchar[]))
    and state = 'rejected'
    and decision_id is null
    and ledger_no <= $ledger_no;
