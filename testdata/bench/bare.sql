-- The unit of the benchmark: nine columns of each expense, and nothing proven.
copy (
    select
        record.id,
        record.attributes.date::date as occurred_on,
        record.attributes.name,
        record.attributes.currency,
        record.attributes.total_amount_with_tax::decimal(18, 4) as amount,
        record.attributes.approved::boolean as approved,
        record.attributes.draft::boolean as draft,
        record.relationships.person.data.id as person_id,
        record.relationships.vendor.data.id as vendor_id
    from (
        select from_json(unnest(data), '{
            "id": "VARCHAR",
            "attributes": {
                "date": "VARCHAR", "name": "VARCHAR", "currency": "VARCHAR",
                "total_amount_with_tax": "VARCHAR",
                "approved": "VARCHAR", "draft": "VARCHAR"
            },
            "relationships": {
                "person": {"data": {"id": "VARCHAR"}},
                "vendor": {"data": {"id": "VARCHAR"}}
            }
        }') as record
        from read_json(
            $files,
            format = 'unstructured',
            columns = {data: 'JSON[]', included: 'JSON[]'},
            maximum_object_size = 4194304
        )
    )
) to $target (format parquet, compression zstd)
