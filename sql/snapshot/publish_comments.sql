-- The statements that comment every table, view and column of the published
-- database. $columns is a JSON object of column names, or of names with their
-- schema and table where one name means two things. $objects is one of tables.
with

objects as (

    select
        schema_name || '.' || table_name as name,
        'table' as kind

    from duckdb_tables()

    where database_name = 'published'

    union all

    select
        schema_name || '.' || view_name as name,
        'view' as kind

    from duckdb_views()

    where database_name = 'published'
        and not internal

),

columns as (

    select
        schema_name || '.' || table_name as name,
        column_name

    from duckdb_columns()

    where database_name = 'published'
        and not internal

)

select
    'comment on ' || objects.kind || ' ' || objects.name || ' is '''
    || replace(texts.value ->> '$', '''', '''''') || '''' as statement

from objects

inner join json_each($objects::json) as texts
    on objects.name = texts.key

union all

select
    'comment on column ' || columns.name || '."' || columns.column_name
    || '" is '''
    || replace(
        coalesce(special.value, general.value) ->> '$',
        '''',
        ''''''
    ) || '''' as statement

from columns

left join json_each($columns::json) as special
    on columns.name || '.' || columns.column_name = special.key

left join json_each($columns::json) as general
    on columns.column_name = general.key

where coalesce(special.value, general.value) is not null
