-- What the models of all vendors need to know of Productive.io: the stream of
-- its spend, the word between tenant and record in a spend_id, whether its
-- amounts are totalled without their sign, and what each kind of record is to
-- Productiv: expense or invoice. A row of the user's types file replaces a type
-- with the same value.
-- An expense on a purchase order is often a supplier's bill: that type is off,
-- and the record is looked up as an expense, until the user's file says more.
create or replace view staging.seed_vendor_productive as

select
    'productive' as kind,
    'expenses' as stream,
    'expense' as item,
    false as unsigned,
    [
        {'value': 'expense', 'type': 'expense', 'enabled': true},
        {'value': 'purchase_order', 'type': 'invoice', 'enabled': false}
    ] as types
