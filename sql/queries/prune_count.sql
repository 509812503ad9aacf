select
    (select count(*) from prunable_pages) as pages,
    (select count(*) from raw.pages) as all_pages,
    (select count(*) from ops.checks where checked_at < $before) as checks
