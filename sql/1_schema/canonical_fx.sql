-- name: 015_fx_source
-- Where canonical.fx_rates came from: at most one row.
create table if not exists canonical.fx_source (
    sha256 varchar not null,             -- of the rates file
    reporting_currency varchar not null
);

-- name: 017_fx_rates
-- One reference rate into the reporting currency, on a day it was published.
-- Rewritten when the rates file or the reporting currency changes.
create table if not exists canonical.fx_rates (
    currency varchar not null,           -- converts from
    reporting_currency varchar not null, -- converts into
    valid_on date not null,              -- applies until the next rate
    rate decimal(20, 12) not null        -- reporting units per unit, half-even
);
