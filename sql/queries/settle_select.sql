-- What a decision about many records covers: what the last ended run listed.
select
    count(*) as records,
    coalesce(to_json(list({
        'spend_id': spend_id, 'difference': difference,
        'class': class, 'state': state,
        'currency': currency, 'amount': amount::varchar
    } order by spend_id)), '[]')::varchar as covers

from delivery.undelivered

where not settled
    and since_run_id != ''
    and class in (select unnest($classes::varchar[]))
    and ($source = '' or source = $source)
    and ($currency = '' or currency = $currency)
    and ($before = '' or occurred_on < try_cast($before as date))
