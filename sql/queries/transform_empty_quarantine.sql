delete from canonical.quarantine
