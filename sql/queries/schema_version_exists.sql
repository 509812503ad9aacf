select count(*) > 0 as found

from information_schema.tables

where table_catalog = current_database()
    and table_schema = 'ops'
    and table_name = 'schema_versions'
