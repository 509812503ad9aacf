-- What a word at the command line may go on as: all words of some kinds that
-- begin with a text. If they are too many to list, the parts that tell them
-- apart next.
with

words as (

    select 'record' as kind, spend_id as word from canonical.spend
    union all
    select 'record' as kind, spend_id as word from canonical.excluded
    union all
    select unnest(['record', 'quarantined']), spend_id from canonical.quarantine
    union all
    select 'undelivered', spend_id from delivery.undelivered
    where needs_attention
    union all
    select 'in_doubt', batch_id from delivery.batches where state = 'unknown'
    union all
    select 'run', run_id from main.runs

),

found as (

    select distinct word

    from words

    where kind in (select unnest(string_split($kinds, ',')))
        and starts_with(word, $text)

),

shared as (

    select
        count(*) as words,
        min(word) as first_word,
        max(word) as last_word

    from found

),

cut as (

    select
        shared.words > $most as is_cut,
        (1 + count_if(
            starts_with(first_word, left(last_word, lengths.length))
        ))::bigint as length

    from shared

    cross join (select unnest(range(1, 200)) as length) as lengths

    where lengths.length <= length(last_word)

    group by all

)

select
    case when is_cut then left(word, cut.length) else word end as word,
    bool_or(is_cut and length(word) > cut.length) as is_part

from found

cross join cut

group by all

order by word desc
