-- Every column that lies in staging and canonical, as one text that differs as
-- soon as one of them does, and whether there is a place to remember it.
select
    md5(coalesce(string_agg(
        concat_ws(' ', schema_name, table_name, column_name, data_type),
        ',' order by schema_name, table_name, column_index
    ), '')) as shape,
    coalesce(bool_or(table_name = 'model_hashes'), false) as remembered

from duckdb_columns()

where database_name = current_database()
    and schema_name in ('staging', 'canonical')
