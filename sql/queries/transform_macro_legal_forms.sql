-- The seed of legal forms as patterns: DuckDB compiles a pattern once only if
-- it is a constant.
set variable legal_forms = (

    with

    forms as (

        select
            string_agg(form, '|' order by length(form) desc, form)
                filter (place in ('after', 'both')) as after_name,
            string_agg(form, '|' order by length(form) desc, form)
                filter (place in ('before', 'both')) as before_name,
            string_agg(form, '|' order by length(form) desc, form)
                filter (glued) as glued

        from staging.seed_legal_forms

    )

    select {
        'after_name': '(?: (?:' || after_name || '|(?:' || glued || ')+))+$',
        'after_name_and_number':
            '(?: (?:' || after_name || '|(?:' || glued || ')+|[0-9]{5,}))+$',
        'before_name': '^(?:(?:' || before_name || '|(?:' || glued || ')+) )+',
        'glued_after': '([^ ])((?:' || glued || ')+)( |$)',
        'glued_before': '(^| )((?:' || glued || ')+)([^ ])'
    }

    from forms

)
