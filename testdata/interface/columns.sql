-- Every column of a file's tables and views, in order. What lies in staging
-- may be dropped at any time and is nobody's business.
select
    schema_name || '.' || table_name || '.' || column_name as name,
    lower(data_type) || if(is_nullable, '', ' not null') as type

from duckdb_columns()

where not internal
    and schema_name != 'staging'

order by schema_name, table_name, column_index
