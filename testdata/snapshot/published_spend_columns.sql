-- The first columns of the view.
select string_agg(column_name, ', ' order by column_index) as columns

from duckdb_columns()

where schema_name = 'main'
    and table_name = 'spend'
    and column_index <= 5
