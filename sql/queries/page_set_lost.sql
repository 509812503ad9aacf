-- Marks the pages whose file was missing or damaged, and no others.
update raw.pages

set lost = case when file in (select unnest($files)) then true end

where file != ''
    and (
        lost is not null
        or file in (select unnest($files))
    )
