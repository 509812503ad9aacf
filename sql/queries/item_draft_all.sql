-- The draft in the order it would be posted.
select payload

from item_draft

order by follows, target, record_schema, occurred_on, key
