-- What the models of all vendors need to know of Procurify, in the columns of
-- seed_vendor_productive.
create or replace view staging.seed_vendor_procurify as

select
    'procurify' as kind,
    'transactions' as stream,
    'txn' as item,
    true as unsigned,
    [{'value': 'spend', 'type': 'expense', 'enabled': true}] as types
