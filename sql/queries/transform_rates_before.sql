create or replace temp table rates_before as

select * from canonical.fx_rates
