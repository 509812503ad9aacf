select count(*) > 0 as drafted from item_draft
