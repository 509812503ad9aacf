-- Whether the analysts' copy was ever published, and whether a run has changed
-- since what it shows.
with

publishing as (

    select max(started_at) as at

    from ops.stages

    where stage = 'publish'
        and status = 'ok'

),

deriving as (

    select max(changed_at) as at

    from ops.canonical_changes

),

posting as (

    select max(started_at) as at

    from ops.stages

    where stage in ('deliver', 'approve')
        and rows_written > 0

)

select
    publishing.at is not null as published,
    coalesce(greatest(deriving.at, posting.at) > publishing.at, false) as stale

from publishing

cross join deriving

cross join posting
