-- The smallest amount of a currency with so many decimals.
create or replace view staging.seed_units as

select
    exponent,
    unit

from (
    values
        (0, 1::decimal(5, 4)),
        (1, 0.1::decimal(5, 4)),
        (2, 0.01::decimal(5, 4)),
        (3, 0.001::decimal(5, 4)),
        (4, 0.0001::decimal(5, 4))
) as units (exponent, unit)
