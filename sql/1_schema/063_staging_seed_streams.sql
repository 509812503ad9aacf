-- The streams that are typed. Other objects are kept in raw.records only.
create or replace view staging.seed_streams as

select stream

from (
    values
        ('expenses'),
        ('transactions'),
        ('people'),
        ('companies'),
        ('service_types')
) as streams (stream)
