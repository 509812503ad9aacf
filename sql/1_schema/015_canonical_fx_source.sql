-- Where canonical.fx_rates came from: at most one row.
create table if not exists canonical.fx_source (
    sha256 varchar not null,             -- of the rates file
    reporting_currency varchar not null
)
