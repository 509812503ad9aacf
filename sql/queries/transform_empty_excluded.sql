delete from canonical.excluded
