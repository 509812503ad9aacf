insert into ops.sources (
    source, kind, tenant, amount_basis, approved_only, amount_unit,
    first_run_id, updated_at
)
values
    ('productive', 'productive', '517', 'gross', true, null, '20261118T020000Z-aaaaaa', '2026-11-20T02:00:00Z'),
    ('procurify', 'procurify', 'acme', null, null, null, '20261118T020000Z-aaaaaa', '2026-11-20T02:00:00Z')
