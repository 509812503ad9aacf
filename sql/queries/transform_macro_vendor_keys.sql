-- The key of every name in a relation: what all spellings of one vendor have
-- in common. `rules` is a hash of the seeds that made the keys.
create or replace temp macro vendor_keys(relation) as table

with

seeds as (

    select
        (
            select list(letter || plain order by letter)
            from staging.seed_letters
        ) as letters,
        (
            select list(prefix order by prefix)
            from staging.seed_processor_prefixes
        ) as prefixes,
        (
            select list(suffix order by suffix)
            from staging.seed_legal_suffixes
        ) as suffixes

),

hashed_seeds as (

    select
        *,
        md5(to_json(seeds)::varchar) as rules

    from seeds

),

names as (

    select
        relation.name,
        strip_accents(lower(nfc_normalize(relation.name))) as lowered,
        hashed_seeds.*

    from query_table(relation) as relation

    cross join hashed_seeds

),

-- 'Brød & Straße' → 'brod & strasse'; most names are plain already.
spelt_plainly as (

    select
        * exclude (lowered),
        if(
            regexp_matches(lowered, '[^\x00-\x7F]'),
            list_reduce(
                letters,
                lambda plain, letter: replace(plain, letter[1], letter[2:]),
                lowered
            ),
            lowered
        ) as plain

    from names

),

-- 'sq *7-eleven #35421, l.l.c.' → 'sq * 7 eleven llc'
split_into_words as (

    select
        * exclude (plain),
        trim(regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(plain, '(.)#\s*[0-9]+', '\1 ', 'g'),
                    '\b(\p{L})\.', '\1', 'g'
                ),
                '\*+', ' * ', 'g'
            ),
            '(?:[^\P{P}*]|[\p{Z}\p{C}\s`^|~®™©℠])+', ' ', 'g'
        )) as words

    from spelt_plainly

),

-- 'sq * 7 eleven llc' → '7 eleven llc'
without_processor as (

    select
        * exclude (words),
        if(
            contains(words, ' *')
            and list_contains(prefixes, split_part(words, ' *', 1)),
            words[length(split_part(words, ' *', 1)) + 3:],
            words
        ) as words

    from split_into_words

),

-- A last word of four or more digits is a store's number.
without_number as (

    select
        * exclude (words),
        string_split(
            trim(regexp_replace(
                regexp_replace(words, '[ *]+', ' ', 'g'),
                '(^| )[0-9]{4,} *$', ''
            )),
            ' '
        ) as words

    from without_processor

),

-- ['7', 'eleven', 'llc'] → '7 eleven'
without_legal_form as (

    select
        * exclude (words),
        array_to_string(
            words[:list_max(list_filter(
                range(1, len(words) + 1),
                lambda place: not list_contains(suffixes, words[place])
            ))],
            ' '
        ) as words

    from without_number

)

-- Where nothing remains, the name itself is the key.
select
    name,
    coalesce(nullif(words, ''), lower(trim(name))) as vendor_key,
    rules

from without_legal_form
