-- The views and their columns, with what is said of them.
select
    view_name as name,
    comment

from duckdb_views()

where not internal

union all

select
    table_name || '.' || column_name as name,
    comment

from duckdb_columns()

where schema_name = 'main'
    and not internal
