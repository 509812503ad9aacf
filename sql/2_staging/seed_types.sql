-- What each kind of record is to Productiv: expense or invoice. A row of the
-- user's types file replaces the one here with the same kind and value.
-- An expense on a purchase order is often a supplier's bill: switch that row
-- on to post it as an invoice; switched off, it is looked up as an expense.
create or replace view staging.seed_types as

select
    kind,
    value,
    type,
    enabled

from (
    values
        ('productive', 'expense', 'expense', true),
        ('productive', 'purchase_order', 'invoice', false),
        ('procurify', 'spend', 'expense', true)
) as types (kind, value, type, enabled)
