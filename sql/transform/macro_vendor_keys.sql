-- The key of every name in a relation: what all spellings of one vendor have
-- in common. What a card terminal writes, a descriptor, carries store numbers;
-- a number in a company's name or in a title is part of it. A name is
-- `decorated` by a processor's prefix or a store number. `rules` is a hash of
-- the seeds that made the keys.
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
        to_json(getvariable('legal_forms')) as forms

),

hashed_seeds as (

    select
        letters,
        prefixes,
        md5(to_json(seeds)::varchar) as rules

    from seeds

),

-- 'Ｃａｆé® №7' → 'café no7'; most names are plain already.
folded as (

    select
        relation.name,
        relation.descriptor,
        hashed_seeds.*,
        if(
            regexp_full_match(relation.name, '[ -~]*'),
            relation.name,
            regexp_replace(
                relation.name,
                '[\p{Cf}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}'
                || '\x{180B}-\x{180F}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}'
                || '\x{E0100}-\x{E01EF}]',
                '',
                'g'
            )
        ) as visible,
        if(
            regexp_full_match(visible, '[ -~]*'),
            lower(visible),
            nfkc_casefold(regexp_replace(visible, '[®™©℠´¨¯¸]', ' ', 'g'))
        ) as text

    from query_table(relation) as relation

    cross join hashed_seeds

),

-- 'brød café' → 'brod cafe', and 'й' stays: a mark of another script than
-- Latin makes another letter.
spelt_plainly as (

    select
        * exclude (text),
        if(
            regexp_matches(text, '[^\x00-\x7F]'),
            list_reduce(
                letters,
                lambda plain, letter: replace(plain, letter[1], letter[2:]),
                nfc_normalize(regexp_replace(
                    nfd(text),
                    '(^|[\p{Latin}\p{N}\p{P}\p{S}\p{Z}\p{C}])\p{M}+',
                    '\1',
                    'g'
                ))
            ),
            text
        ) as spelt

    from folded

),

-- 'g.m.b.h.' → 'gmbh'. A pass takes every other dot.
without_dots as (

    select
        * exclude (spelt),
        trim(regexp_replace(spelt, '[\p{Z}\p{C}\s]+', ' ', 'g')) as plain,
        replace(
            regexp_replace(
                regexp_replace(
                    plain,
                    '(^|[^\p{L}\p{N}\p{M}])(\p{L}\p{M}*)\.',
                    '\1\2' || chr(31),
                    'g'
                ),
                '(^|[^\p{L}\p{N}\p{M}])(\p{L}\p{M}*)\.',
                '\1\2' || chr(31),
                'g'
            ),
            chr(31),
            ''
        ) as undotted

    from spelt_plainly

),

-- 'sq *7-eleven #35421, llc' → 'sq * 7 eleven llc'
split_into_words as (

    select
        * exclude (undotted),
        descriptor
        and regexp_matches(undotted, '.#\s*[0-9]') as numbered,
        trim(regexp_replace(
            regexp_replace(
                if(
                    descriptor,
                    regexp_replace(undotted, '(.)#\s*[0-9]+', '\1 ', 'g'),
                    undotted
                ),
                '\*+', ' * ', 'g'
            ),
            '(?:[^\P{P}*]|[\p{Z}\p{C}\s`^|~])+', ' ', 'g'
        )) as words

    from without_dots

),

-- 'sq * 7 eleven llc' → '7 eleven llc'
without_processor as (

    select
        * exclude (words),
        contains(words, ' *')
        and list_contains(prefixes, split_part(words, ' *', 1)) as processed,
        trim(regexp_replace(
            if(
                processed,
                words[length(split_part(words, ' *', 1)) + 3:],
                words
            ),
            '[ *]+', ' ', 'g'
        )) as words

    from split_into_words

),

-- 'abc株式会社' → 'abc 株式会社'
parted as (

    select
        * exclude (words),
        regexp_replace(
            regexp_replace(
                words,
                getvariable('legal_forms').glued_before,
                '\1\2 \3',
                'g'
            ),
            getvariable('legal_forms').glued_after,
            '\1 \2\3',
            'g'
        ) as words

    from without_processor

),

-- 'ооо 7 eleven llc 35421' → '7 eleven'
without_forms as (

    select
        * exclude (words),
        regexp_replace(
            words, getvariable('legal_forms').after_name, ''
        ) as name_words,
        regexp_replace(
            words, getvariable('legal_forms').after_name_and_number, ''
        ) as place_words,
        regexp_replace(
            regexp_replace(
                if(descriptor, place_words, name_words),
                getvariable('legal_forms').before_name,
                ''
            ),
            '^[\p{M} ]+',
            ''
        ) as words

    from parted

)

-- Where nothing remains, the name itself is the key.
select
    name,
    descriptor,
    coalesce(
        nullif(words, ''),
        nullif(plain, ''),
        nullif(trim(
            regexp_replace(nfkc_casefold(visible), '\p{M}+', '', 'g')
        ), ''),
        nullif(trim(regexp_replace(visible, '[\s\p{Z}]+', ' ', 'g')), ''),
        name
    ) as vendor_key,
    numbered
    or processed
    or descriptor and place_words != name_words as decorated,
    rules

from without_forms
