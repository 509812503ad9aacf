delete from canonical.fx_source
