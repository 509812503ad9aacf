-- Pairs of names that are probably the same. The relation has one row per name,
-- key and spelling, with its records and amount; of a pair, the one with the
-- smaller amount comes first. Only names that are close in the alphabet or
-- share a rare word are compared, so that the work grows linearly.
create or replace temp macro likely_pairs(relation, least_similar) as table

with

spent as (

    select
        name,
        sum(records)::bigint as records,
        sum(amount)::decimal(38, 4) as amount

    from query_table(relation)

    group by name

),

-- A key, with what is known of its name.
keys as (

    select
        spellings.key,
        replace(spellings.key, ' ', '') as letters,
        string_split(spellings.key, ' ') as words,
        {
            'amount': any_value(spent.amount),
            'name': any_value(spent.name),
            'records': any_value(spent.records),
            'spelling': arg_max(
                spellings.spelling,
                (spellings.records, spellings.spelling)
            )
        } as known

    from query_table(relation) as spellings

    inner join spent
        on spellings.name = spent.name

    group by spellings.name, spellings.key

),

-- Names that begin alike are close in alphabetical order.
places as (

    select
        key,
        row_number() over (order by letters, key) as place

    from keys

),

neighbours as (

    select
        one.key as one_key,
        other.key as other_key

    from places as one

    cross join range(1, 21) as steps (step)

    inner join places as other
        on one.place + steps.step = other.place

),

key_words as (

    select
        key,
        unnest(list_distinct(words)) as word

    from keys

),

-- The keys that share a rare word.
sharers as (

    select *

    from key_words

    where length(word) > 3

    qualify count(*) over (partition by word) between 2 and 20

),

pairs as (

    select one_key, other_key from neighbours

    union

    select
        one.key as one_key,
        other.key as other_key

    from sharers as one

    inner join sharers as other
        on one.word = other.word
        and one.key < other.key

),

alike as (

    select
        one.known as one,
        one.words as one_words,
        other.known as other,
        other.words as other_words,
        jaro_winkler_similarity(one.letters, other.letters) as similarity

    from pairs

    inner join keys as one
        on pairs.one_key = one.key

    inner join keys as other
        on pairs.other_key = other.key

    where one.known.name != other.known.name
        and jaro_winkler_similarity(one.letters, other.letters)
        >= least_similar::decimal(4, 3)

),

-- What is left of each key without the words that both have.
rests as (

    select
        if(one < other, [one, other], [other, one]) as pair,
        similarity,
        array_to_string(list_filter(
            one_words, lambda word: not list_contains(other_words, word)
        ), '') as one_rest,
        array_to_string(list_filter(
            other_words, lambda word: not list_contains(one_words, word)
        ), '') as other_rest

    from alike

),

-- Two branches of one company, 'Acme Travel' and 'Acme Legal', differ in the
-- words they do not share; a name and a longer form of it do not.
compared as (

    select
        pair,
        if(
            one_rest = '' or other_rest = '',
            similarity,
            least(similarity, jaro_winkler_similarity(one_rest, other_rest))
        )::decimal(4, 3) as similarity

    from rests

),

-- For two names, their most similar spellings.
likely as (

    select
        arg_max(pair, (similarity, pair)) as pair,
        max(similarity) as similarity

    from compared

    where similarity >= least_similar::decimal(4, 3)

    group by pair[1].name, pair[2].name

)

select
    pair[1].name as name,
    pair[1].spelling as spelling,
    pair[1].amount as amount,
    pair[1].records as records,
    pair[2].name as into_name,
    pair[2].spelling as into_spelling,
    pair[2].amount as into_amount,
    pair[2].records as into_records,
    similarity

from likely
