-- Pages whose file no longer holds as many records as were counted when it
-- was fetched, or records without an id.
with

asked as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "page": "VARCHAR",
            "records": "INTEGER", "chosen": "INTEGER"
        }]'),
        max_depth := 2
    )

),

found as (

    select
        page_id,
        any_value(records) as records,
        count(record_id) filter (is_record) as chosen

    from record_incoming

    group by page_id

),

compared as (

    select
        asked.page,
        asked.records as expected,
        asked.chosen as expected_chosen,
        coalesce(found.records, 0) as found,
        coalesce(found.chosen, 0) as found_chosen

    from asked

    left join found
        on asked.page_id = found.page_id

)

select
    page as file,
    case when found != expected then expected else expected_chosen end
        as expected,
    case when found != expected then found else found_chosen end as found

from compared

where found != expected
    or found_chosen != expected_chosen
