select sha256 from canonical.fx_source
