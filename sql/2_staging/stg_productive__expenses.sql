-- Productive.io expenses, one row per expense as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
merge into staging.productive__expenses as known

using (

    with

    expenses as (

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
            -- One pass over the payload: a path per column costs five times as
            -- much.
            from_json(payload, '{
                "attributes": {
                    "name": "VARCHAR", "note": "VARCHAR", "date": "VARCHAR",
                    "currency": "VARCHAR", "total_amount": "VARCHAR",
                    "total_amount_with_tax": "VARCHAR", "amount": "VARCHAR",
                    "amount_default": "VARCHAR", "exchange_rate": "VARCHAR",
                    "exchange_rate_normalized": "VARCHAR",
                    "currency_default": "VARCHAR",
                    "currency_normalized": "VARCHAR", "approved": "VARCHAR",
                    "draft": "VARCHAR", "rejected": "VARCHAR",
                    "reimbursable": "VARCHAR", "deleted_at": "VARCHAR",
                    "approved_at": "VARCHAR", "paid_on": "VARCHAR"
                },
                "relationships": {
                    "person": {"data": {"id": "VARCHAR"}},
                    "creator": {"data": {"id": "VARCHAR"}},
                    "vendor": {"data": {"id": "VARCHAR"}},
                    "service_type": {"data": {"id": "VARCHAR"}},
                    "purchase_order": {"data": {"id": "VARCHAR"}}
                }
            }') as expense

        from pending_payloads

        where kind = 'productive'
            and stream = 'expenses'
            and newest

    )

    select

        ---------- ids
        source,
        stream,
        record_id,
        version,
        page_id,
        expense.relationships.person.data.id as person_id,
        expense.relationships.creator.data.id as creator_id,
        expense.relationships.vendor.data.id as vendor_id,
        expense.relationships.service_type.data.id as service_type_id,
        expense.relationships.purchase_order.data.id as purchase_order_id,

        ---------- text
        clean_text(expense.attributes.name) as name,
        clean_text(expense.attributes.note) as note,
        clean_text(expense.attributes.date) as date_text,
        clean_text(expense.attributes.deleted_at) as deleted_text,
        nullif(trim(expense.attributes.currency), '') as currency_text,
        currency_code(expense.attributes.currency_default) as currency_default,
        currency_code(
            expense.attributes.currency_normalized
        ) as currency_normalized,
        nullif(trim(expense.attributes.total_amount), '') as net_text,
        nullif(
            trim(expense.attributes.total_amount_with_tax), ''
        ) as gross_text,
        fault,

        ---------- numerics
        minor_units(net_text) as net_amount,
        minor_units(gross_text) as gross_amount,
        minor_units(expense.attributes.amount) as unit_amount,
        minor_units(expense.attributes.amount_default) as unit_amount_default,
        exchange_rate(expense.attributes.exchange_rate) as exchange_rate,
        exchange_rate(
            expense.attributes.exchange_rate_normalized
        ) as exchange_rate_normalized,

        ---------- booleans
        coalesce(expense.attributes.approved = 'true', false) as approved,
        coalesce(expense.attributes.draft = 'true', false) as draft,
        coalesce(expense.attributes.rejected = 'true', false) as rejected,
        expense.attributes.reimbursable = 'true' as reimbursable,
        tombstone,

        ---------- dates
        plain_date(date_text) as spent_on,
        plain_date(expense.attributes.paid_on) as paid_on,

        ---------- timestamps
        instant(expense.attributes.approved_at) as approved_at,
        first_seen_at,
        seen_at

    from expenses

) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
