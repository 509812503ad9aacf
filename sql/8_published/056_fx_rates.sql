create or replace view fx_rates as select * from canonical.fx_rates
