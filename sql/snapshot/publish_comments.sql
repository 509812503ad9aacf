-- The statements that comment every table, view and column of the published
-- database. $columns is a JSON object of column names, or of names with their
-- schema and table where one name means two things. $objects is one of tables.
with

objects as (

    select
        table_schema || '.' || table_name as name,
        case table_type when 'VIEW' then 'view' else 'table' end as kind

    from information_schema.tables

    where table_catalog = 'published'

),

columns as (

    select
        table_schema || '.' || table_name as name,
        column_name

    from information_schema.columns

    where table_catalog = 'published'

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
