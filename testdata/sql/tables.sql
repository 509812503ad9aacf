-- The tables and views of the warehouse, without what is temporary.
select table_schema || '.' || table_name as table_name

from information_schema.tables

where table_schema not in ('information_schema', 'main')

order by table_name
