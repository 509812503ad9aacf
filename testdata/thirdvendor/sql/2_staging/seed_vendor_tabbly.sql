-- What the models of all vendors need to know of Tabbly.
create or replace view staging.seed_vendor_tabbly as

select
    'tabbly' as kind,
    'claims' as stream,
    'claim' as item,
    false as unsigned,
    [{'value': 'claim', 'type': 'expense', 'enabled': true}] as types
