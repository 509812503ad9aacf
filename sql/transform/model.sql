-- staging.model_hashes: what the derived tables were made of.

-- name: hashes
select file, hash from staging.model_hashes;

-- name: save_hash
merge into staging.model_hashes as known

using (select $file::varchar as file, $hash::varchar as hash) as latest
    on known.file = latest.file

when matched then
    update set hash = latest.hash

when not matched then
    insert (file, hash)
    values (latest.file, latest.hash);

-- name: shape
-- Every column of staging and canonical as one text, to notice any change, and
-- whether the table that remembers it exists.
select
    md5(coalesce(string_agg(
        concat_ws(' ', schema_name, table_name, column_name, data_type),
        ',' order by schema_name, table_name, column_index
    ), '')) as shape,
    coalesce(bool_or(table_name = 'model_hashes'), false) as remembered

from duckdb_columns()

where database_name = current_database()
    and schema_name in ('staging', 'canonical');
