-- What the analysts' copy would show now besides canonical.spend, as one text:
-- equal texts, equal rows. An item is changed with its time or by a decision;
-- a verification may restore items, so the copy is written again after it.
select
    concat_ws(
        '|',
        excluded.state,
        quarantine.state,
        rates.state,
        batches.state,
        items.state,
        undelivered.state,
        snapshots.state,
        decisions.state,
        verified.state
    ) as state

from (

    select
        concat_ws(' ', count(*), sum(md5_number_upper(row::varchar))) as state

    from canonical.excluded as row

) as excluded

cross join (

    select
        concat_ws(' ', count(*), sum(md5_number_upper(row::varchar))) as state

    from canonical.quarantine as row

) as quarantine

cross join (

    select
        concat_ws(
            ' ',
            max(sha256),
            max(reporting_currency),
            (select count(*) from canonical.fx_rates)
        ) as state

    from canonical.fx_source

) as rates

cross join (

    select
        concat_ws(' ', count(*), sum(md5_number_upper(row::varchar))) as state

    from delivery.batches as row

) as batches

cross join (

    select
        concat_ws(
            ' ',
            count(*),
            count(batch_id),
            count(message),
            count(*) filter (state = 'accepted'),
            count(*) filter (state = 'rejected'),
            count(*) filter (state = 'unknown'),
            count(*) filter (state = 'planned'),
            sum(attempt),
            sum(amount),
            sum(epoch_us(updated_at))
        ) as state

    from delivery.items

) as items

cross join (

    select
        concat_ws(' ', count(*), sum(md5_number_upper(row::varchar))) as state

    from delivery.undelivered as row

) as undelivered

cross join (

    select concat_ws(' ', count(*), max(snapshot_id)) as state
    from ops.snapshots

) as snapshots

cross join (

    select count(*)::varchar as state
    from delivery.decisions

) as decisions

cross join (

    select coalesce(max(run_id), '') as state
    from ops.runs
    where command = 'verify'

) as verified
