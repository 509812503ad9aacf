delete from canonical.fx_rates
