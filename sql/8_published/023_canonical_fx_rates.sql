create table canonical.fx_rates as select * from warehouse.canonical.fx_rates
