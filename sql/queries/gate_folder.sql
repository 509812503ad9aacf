-- Holds everything: the ledger may be older than what was sent.
update item_draft set gate = 'folder'
