-- Macros of the models. They last as long as the connection.

-- name: category_key
-- What all spellings of one category have in common: no capitals, and one blank
-- for spaces, punctuation and underscores. A category of nothing else is its
-- own key.
create or replace temp macro category_key(text) as coalesce(
    nullif(trim(regexp_replace(
        lower(nfc_normalize(text)), '[\p{P}\p{Z}\p{C}\s]+', ' ', 'g'
    )), ''),
    lower(trim(text))
);

-- name: clean_text
-- White space collapsed, control and other invisible characters removed, null
-- if nothing visible remains. Plain text, the common case, passes after one
-- test.
create or replace temp macro clean_text(text) as case
    when regexp_full_match(text, '[!-~]+( [!-~]+)*') then text
    when regexp_full_match(
        text, '[\p{Z}\p{C}\p{M}\s\x{115F}\x{1160}\x{3164}\x{FFA0}]*'
    ) then null
    else trim(regexp_replace(
        regexp_replace(
            text,
            '[^\P{Cc}\s]|[\p{Cf}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}'
            || '\x{3164}\x{FFA0}]',
            '',
            'g'
        ),
        '[\s\p{Z}]+', ' ', 'g'
    ))
end;

-- name: currency_code
-- A currency's code in capitals. Null for mixed case: GBp is pence.
create or replace temp macro currency_code(text) as case
    when regexp_full_match(text, '[A-Z]{3}') then text
    when regexp_full_match(text, '[a-z]{3}') then upper(text)
end;

-- name: decimal_amount
-- A decimal amount in plain digits, null for anything else and where more than
-- four decimals count. A number of 16 or more digits with a fraction has passed
-- through a double. For the two casts see minor_units.
create or replace temp macro decimal_amount(text) as case
    when not regexp_full_match(
        text, '[+-]?([0-9]{1,24}|[0-9]{1,15}\.[0-9]{1,4}0*)'
    ) then null
    when length(text) <= 14 then try_cast(text as decimal(18, 4))
    else try_cast(text as decimal(28, 4))
end;

-- name: exchange_rate
-- An exchange rate in plain digits, null for anything else and for zero. For
-- the two casts see minor_units.
create or replace temp macro exchange_rate(text) as nullif(case
    when regexp_full_match(text, '[0-9]{1,6}(\.[0-9]{1,12}0*)?')
        then try_cast(text as decimal(18, 12))
    when regexp_full_match(text, '[0-9]{7,8}(\.[0-9]{1,12}0*)?')
        then try_cast(text as decimal(20, 12))
end, 0);

-- name: legal_forms
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

);

-- name: minor_units
-- An integer number of minor units, null for anything else. A payload may
-- spell 10000 as 1e4 or 10000.0: DuckDB stores both as 10000.0, which is exact
-- up to 15 digits. Reading a text as a decimal of more than 18 digits takes a
-- hundred times as long, so only long texts are read so.
create or replace temp macro minor_units(text) as case
    when not regexp_full_match(text, '-?([0-9]{1,24}|[0-9]{1,15}\.0)') then null
    when length(text) <= 14 then try_cast(text as decimal(18, 4))
    else try_cast(text as decimal(28, 4))
end;
