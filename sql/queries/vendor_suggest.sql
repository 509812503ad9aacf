-- Pairs of vendors that may be one, by what the smaller of the two would take
-- along. Only neighbours in the alphabet and sharers of a rare word are
-- compared, so that the work grows with the vendors and not their square.
with

spellings as (

    select
        keyed.vendor,
        keyed.vendor_key,
        keyed.vendor_raw as spelling,
        count(*) as records,
        coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4) as amount

    from canonical.spend as spend

    inner join int_vendors_keyed as keyed
        on spend.vendor_raw = keyed.vendor_raw

    group by all

),

spent as (

    select
        vendor,
        sum(records)::bigint as records,
        sum(amount)::decimal(38, 4) as amount

    from spellings

    group by vendor

),

-- A key, with what is known of its vendor.
keys as (

    select
        spellings.vendor_key,
        replace(spellings.vendor_key, ' ', '') as letters,
        string_split(spellings.vendor_key, ' ') as words,
        {
            'amount': any_value(spent.amount),
            'vendor': any_value(spent.vendor),
            'records': any_value(spent.records),
            'spelling': arg_max(
                spellings.spelling,
                (spellings.records, spellings.spelling)
            )
        } as known

    from spellings

    inner join spent
        on spellings.vendor = spent.vendor

    group by spellings.vendor_key

),

-- In the order of the alphabet, names that begin alike stand close together.
places as (

    select
        vendor_key,
        row_number() over (order by letters, vendor_key) as place

    from keys

),

neighbours as (

    select
        one.vendor_key as one_key,
        other.vendor_key as other_key

    from places as one

    cross join range(1, 21) as steps (step)

    inner join places as other
        on one.place + steps.step = other.place

),

rare_words as (

    select
        word,
        list(vendor_key) as vendor_keys

    from (
        select
            vendor_key,
            unnest(list_distinct(words)) as word

        from keys
    )

    group by word

    having length(word) > 3
        and count(*) between 2 and 20

),

sharers as (

    select
        word,
        unnest(vendor_keys) as vendor_key

    from rare_words

),

pairs as (

    select one_key, other_key from neighbours

    union

    select
        one.vendor_key as one_key,
        other.vendor_key as other_key

    from sharers as one

    inner join sharers as other
        on one.word = other.word
        and one.vendor_key < other.vendor_key

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
        on pairs.one_key = one.vendor_key

    inner join keys as other
        on pairs.other_key = other.vendor_key

    where one.known.vendor != other.known.vendor
        and jaro_winkler_similarity(one.letters, other.letters)
        >= $least::decimal(4, 3)

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

-- Two branches of one house, 'Acme Travel' and 'Acme Legal', are told apart
-- by what they do not share; a name and a longer form of it are not.
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

-- Of the spellings of two vendors, the two that are most alike.
likely as (

    select
        arg_max(pair, (similarity, pair)) as pair,
        max(similarity) as similarity

    from compared

    where similarity >= $least::decimal(4, 3)

    group by pair[1].vendor, pair[2].vendor

)

select
    pair[1].vendor as vendor,
    pair[1].spelling as spelling,
    pair[1].amount::varchar as amount,
    pair[1].records as records,
    pair[2].vendor as into_vendor,
    pair[2].spelling as into_spelling,
    pair[2].amount::varchar as into_amount,
    pair[2].records as into_records,
    similarity::varchar as similarity

from likely

where not exists (
    select 1
    from staging.vendor_aliases as rejected
    where rejected.decision = 'different'
        and (lower(rejected.match), lower(rejected.vendor)) in (
            (lower(pair[1].vendor), lower(pair[2].vendor)),
            (lower(pair[2].vendor), lower(pair[1].vendor))
        )
)

order by
    pair[1].amount desc,
    likely.similarity desc,
    pair[1].vendor,
    pair[2].vendor
