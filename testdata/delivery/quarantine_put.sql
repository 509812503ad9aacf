insert into canonical.quarantine by name

select
    $spend_id as spend_id,
    $source as source,
    'productive' as kind,
    '517' as tenant,
    'expenses' as stream,
    $spend_id as record_id,
    2 as record_version,
    'page' as page_id,
    $reason as reason,
    $at::timestamptz as first_seen_at,
    $at::timestamptz as changed_at
