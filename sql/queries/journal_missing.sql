-- Whether a source has pages of a version without journals.
select count(*) > 0 as is_missing

from (
    select 1 as one

    from raw.pages

    where source = $source
        and journal is null

    limit 1
)
