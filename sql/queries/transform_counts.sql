select
    (
        select count(*)
        from pending_versions
        where stream in ('expenses', 'transactions')
    ) as parsed,
    (select count(*) from canonical.spend) as spend,
    (select count(*) from canonical.excluded) as excluded,
    (select count(*) from canonical.quarantine) as quarantine
