-- Every column of a Parquet file as the file itself describes it, in order.
select
    name,
    concat_ws(' ',
        lower(repetition_type),
        lower(type),
        nullif('field ' || field_id, ''),
        logical_type,
        lower(converted_type)
    ) as type

from parquet_schema($file)

where num_children is null
