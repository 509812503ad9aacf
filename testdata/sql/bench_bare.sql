-- The least that could be done: read every payload once and write what
-- canonical holds of it, with nothing looked up, kept or proven.
copy (

    with

    expenses as (

        select
            record_id,
            version,
            page_id,
            seen_at,
            from_json(payload, '{"attributes": {
                "name": "VARCHAR", "date": "DATE", "currency": "VARCHAR",
                "total_amount_with_tax": "BIGINT", "approved": "BOOLEAN",
                "draft": "BOOLEAN", "rejected": "BOOLEAN",
                "deleted_at": "VARCHAR", "approved_at": "TIMESTAMP",
                "reimbursable": "BOOLEAN"
            }, "relationships": {
                "person": {"data": {"id": "VARCHAR"}},
                "vendor": {"data": {"id": "VARCHAR"}},
                "service_type": {"data": {"id": "VARCHAR"}}
            }}') as expense

        from raw.records

        where stream = 'expenses'

    )

    select
        'productive-517-expense-' || record_id as spend_id,
        * exclude (expense),
        unnest(expense.attributes),
        expense.relationships.person.data.id as person_id,
        expense.relationships.vendor.data.id as vendor_id,
        expense.relationships.service_type.data.id as service_type_id,
        (expense.attributes.total_amount_with_tax * 0.01)::decimal(18, 4)
            as amount

    from expenses

) to $path (format parquet, compression zstd)
