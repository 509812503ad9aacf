select count(*) > 0 as found

from duckdb_tables()

where database_name = current_database()
    and schema_name = 'ops'
    and table_name = 'schema_versions'
