-- Keys that are not booked, with the reason.
select
    coalesce(keys.key, keys.spend_id) || case
        when keys.times > 1 then ' (occurs twice)'
        when keys.key is null then ' (only its reversal is listed)'
        else ' (not a spend record)'
    end as stray

from delivered_keys as keys

left join canonical.spend as spend
    on keys.spend_id = spend.spend_id

left join diff_ledger as ledger
    on keys.spend_id = ledger.spend_id
    and ledger.standing_no is not null

where keys.times > 1
    or keys.key is null
    or spend.spend_id is null and ledger.spend_id is null

order by stray
