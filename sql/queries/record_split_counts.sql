select
    count(*) as shown,
    count(distinct (stream, record_id)) as objects

from record_incoming
