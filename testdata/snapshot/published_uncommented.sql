-- What of the database that was opened has no comment.
select schema_name || '.' || table_name || '.' || column_name as name

from duckdb_columns()

where comment is null
    and not internal

union all

select schema_name || '.' || table_name as name

from duckdb_tables()

where comment is null
    and not internal

union all

select schema_name || '.' || view_name as name

from duckdb_views()

where comment is null
    and not internal

order by name
