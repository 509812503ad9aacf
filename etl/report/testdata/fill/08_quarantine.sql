insert into canonical.quarantine (
    spend_id, source, kind, tenant, stream, record_id, record_version,
    page_id, reason, detail, source_currency, vendor_raw, source_amount,
    occurred_on, first_seen_at, changed_at
)
values
    ('procurify-acme-txn-7001', 'procurify', 'procurify', 'acme', 'transactions', '7001', 1, 'page-3', 'amount_unit_unknown', 'amount "4200"; set sources.procurify.amount_unit', 'USD', '<script>alert(1)</script>', 4200, '2026-11-02', '2026-11-18T02:00:00Z', '2026-11-18T02:00:00Z'),
    ('procurify-acme-txn-7002', 'procurify', 'procurify', 'acme', 'transactions', '7002', 1, 'page-3', 'status_contradiction', 'capture is reversed', 'USD', '=HYPERLINK("http://example.com","pay")', 18.5, '2026-11-04', '2026-11-19T02:00:00Z', '2026-11-19T02:00:00Z'),
    ('productive-517-expense-7003', 'productive', 'productive', '517', 'expenses', '7003', 1, 'page-3', 'currency_unknown', 'currency "EURO"', 'EURO', 'Invoice ' || chr(8238) || 'gpj.exe', 99900, '2026-11-05', '2026-11-19T02:00:00Z', '2026-11-19T02:00:00Z'),
    ('productive-517-expense-7004', 'productive', 'productive', '517', 'expenses', '7004', 1, 'page-3', 'amount_missing', null, 'JPY', null, null, '2026-11-05', '2026-11-17T02:00:00Z', '2026-11-17T02:00:00Z')
