-- Procurify card transactions, one row per transaction as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
merge into staging.procurify__transactions as known

using (

    with

    transactions as (

        select
            source,
            stream,
            record_id,
            version,
            page_id,
            seen_at,
            tombstone,
            fault,
            first_seen_at,
            from_json(payload, '{
                "type": "VARCHAR", "status": "VARCHAR",
                "authorization_status": "VARCHAR",
                "reconciliation_status": "VARCHAR",
                "currency": "VARCHAR", "amount": "VARCHAR", "note": "VARCHAR",
                "transaction_datetime": "VARCHAR",
                "authorization_datetime": "VARCHAR",
                "linked_authorization": "VARCHAR",
                "vendor": {"name": "VARCHAR", "category": "VARCHAR"},
                "cardholder": {
                    "uuid": "VARCHAR", "first_name": "VARCHAR",
                    "last_name": "VARCHAR"
                },
                "account": {
                    "account_code_description": "VARCHAR",
                    "department": "VARCHAR"
                },
                "fund": {
                    "title": "VARCHAR",
                    "account": {
                        "account_code_description": "VARCHAR",
                        "department": "VARCHAR"
                    }
                }
            }') as txn

        from pending_payloads

        where kind = 'procurify'
            and stream = 'transactions'
            and newest

    )

    select

        ---------- ids
        source,
        stream,
        record_id,
        version,
        page_id,
        lower(clean_text(txn.cardholder.uuid)) as cardholder_uuid,
        clean_text(txn.linked_authorization) as linked_authorization,

        ---------- text
        lower(clean_text(txn.type)) as type,
        lower(clean_text(txn.status)) as status,
        lower(clean_text(txn.authorization_status)) as authorization_status,
        clean_text(txn.reconciliation_status) as reconciliation_status,
        clean_text(txn.vendor.name) as vendor_name,
        clean_text(txn.vendor.category) as vendor_category,
        clean_text(concat_ws(
            ' ', txn.cardholder.first_name, txn.cardholder.last_name
        )) as cardholder_name,
        clean_text(txn.note) as note,
        clean_text(txn.fund.title) as fund_title,
        clean_text(txn.account.account_code_description) as account_description,
        clean_text(
            txn.fund.account.account_code_description
        ) as fund_account_description,
        clean_text(coalesce(
            txn.account.department, txn.fund.account.department
        )) as department,
        nullif(trim(txn.currency), '') as currency_text,
        nullif(trim(txn.amount), '') as amount_text,
        coalesce(
            clean_text(txn.transaction_datetime),
            clean_text(txn.authorization_datetime)
        ) as datetime_text,
        fault,

        ---------- numerics
        decimal_amount(amount_text) as amount,

        ---------- booleans
        coalesce(contains(amount_text, '.'), false) as amount_has_point,
        tombstone,

        ---------- timestamps
        instant(datetime_text) as spent_at,
        first_seen_at,
        seen_at

    from transactions

) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
