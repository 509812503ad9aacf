-- A card purchase that may have been filed as an expense as well: one vendor,
-- amount and currency within three days in both systems. Nothing is merged; a
-- person decides. A record that matches twice is in two rows.
create or replace view possible_duplicates as

select
    expenses.vendor_key,
    expenses.vendor,
    expenses.amount,
    expenses.currency,
    expenses.spend_id as expense_spend_id,
    expenses.occurred_on as expense_on,
    expenses.identifier as expense_identifier,
    cards.spend_id as card_spend_id,
    cards.occurred_on as card_on,
    cards.identifier as card_identifier,
    abs(date_diff('day', expenses.occurred_on, cards.occurred_on))
        as days_apart

from canonical.spend as expenses

inner join canonical.spend as cards
    on expenses.vendor_key = cards.vendor_key
    and expenses.currency = cards.currency
    and expenses.amount = cards.amount
    and cards.occurred_on between expenses.occurred_on - interval 3 day
    and expenses.occurred_on + interval 3 day

where expenses.kind = 'productive'
    and cards.kind = 'procurify'
