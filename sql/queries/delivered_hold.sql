-- What the file lacks stays held.
update item_draft

set gate = 'delivered_keys'

where kind != 'spend'
    or spend_id not in (
        select spend_id from delivered_keys
        where times = 1
            and key is not null
    )
