-- What the gates of the last load hold, and the name of all of it: its plan.
select
    gate,
    count(*) as items,
    count(distinct spend_id) as records,
    (
        select left(md5(string_agg(
            concat_ws(chr(31), target, key, payload_hash, gate),
            chr(30) order by target, key
        )), 6)
        from delivery.holds
    ) as plan

from delivery.holds

group by gate

order by gate
