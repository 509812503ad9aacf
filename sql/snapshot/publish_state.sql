-- What the analysts' copy would show now besides canonical.spend, as one text:
-- equal texts, equal rows. An item is changed with its time or by a decision;
-- a verification may restore items, so the copy is written again after it.
select concat_ws(
    '|',
    (
        select concat_ws(' ', count(*), sum(md5_number_upper(row::varchar)))
        from canonical.excluded as row
    ),
    (
        select concat_ws(' ', count(*), sum(md5_number_upper(row::varchar)))
        from canonical.quarantine as row
    ),
    (
        select concat_ws(
            ' ',
            max(sha256),
            max(reporting_currency),
            (select count(*) from canonical.fx_rates)
        )
        from canonical.fx_source
    ),
    (
        select concat_ws(' ', count(*), sum(md5_number_upper(row::varchar)))
        from delivery.batches as row
    ),
    (
        select concat_ws(
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
        )
        from delivery.items
    ),
    -- What else delivery.undelivered is made of. Each load lists its holds
    -- again.
    (
        select concat_ws(' ', count(*), sum(md5_number_upper(row::varchar)))
        from delivery.differences as row
    ),
    (
        select concat_ws(
            ' ',
            count(*),
            sum(md5_number_upper(concat_ws(' ', spend_id, gate)))
        )
        from delivery.holds
    ),
    (
        -- A read that found nothing new changes nothing but times.
        select concat_ws(
            ' ',
            count(*),
            sum(
                md5_number_upper(
                    concat_ws(
                        ' ',
                        source,
                        coalesce(month::varchar, '-'),
                        status,
                        drafts,
                        holds,
                        quarantined,
                        vanished
                    )
                )
            )
        )
        from ops.month_status
    ),
    (select concat_ws(' ', count(*), max(snapshot_id)) from ops.snapshots),
    (select count(*) from delivery.decisions),
    (select coalesce(max(run_id), '') from ops.runs where command = 'verify')
) as state
