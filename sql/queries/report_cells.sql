-- The cells of the first identity: raw = canonical + excluded + quarantine,
-- in amounts as the source gave them.
select
    source,
    currency,
    step,
    records,
    coalesce(source_amount, 0)::varchar as source_amount

from ops.control_totals

where run_id = $run_id
    and step in ('raw', 'canonical', 'excluded', 'quarantine')
    and month is null
    and type is null

order by source, currency, step
