-- All cardholders, as setting_add_cardholders takes them.
select coalesce(to_json(list(cardholders)), '[]')::varchar as rows

from staging.setting_cardholders as cardholders
