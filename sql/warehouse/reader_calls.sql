-- The functions that a user's statement calls and that are not listed here,
-- according to DuckDB's parser: a table function such as enable_logging may act
-- as soon as it is bound. Listed are those that only read the published file or
-- generate rows. Any other, including those of later DuckDB versions, is
-- rejected. DuckDB itself rejects the files that a read_ function names, with
-- the reason.
with

parsed as (
    select json_serialize_sql($statement::varchar) as tree
),

nodes as (

    select
        parsed.tree,
        json_tree.key,
        json_tree.path,
        json_tree.atom ->> '$' as atom

    from parsed, json_tree(parsed.tree)

    where json_tree.key in ('type', 'function_name')

),

called as (

    select
        coalesce(
            lower(tree ->> (path || '.function.function_name')), 'a function'
        ) as name

    from nodes

    where key = 'type' and atom = 'TABLE_FUNCTION'

    union all

    select lower(atom)

    from nodes

    where key = 'function_name' and lower(atom) = 'write_log'

)

select
    coalesce(parsed.tree ->> 'error_type' = 'not implemented', false) as other,
    (

        select string_agg(distinct called.name, ', ' order by called.name)

        from called

        where called.name not in (
            'duckdb_columns', 'duckdb_constraints', 'duckdb_databases',
            'duckdb_functions', 'duckdb_keywords', 'duckdb_schemas',
            'duckdb_settings', 'duckdb_tables', 'duckdb_types', 'duckdb_views',
            'generate_series', 'histogram', 'histogram_values',
            'icu_calendar_names', 'json_each', 'json_tree', 'pg_timezone_names',
            'pragma_database_size', 'pragma_show', 'pragma_storage_info',
            'pragma_table_info', 'pragma_version', 'range', 'repeat',
            'repeat_row', 'unnest'
        )
            and not starts_with(called.name, 'read_')

    ) as refused

from parsed
