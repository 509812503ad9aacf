-- Holds a record that another target has and this one has not.
update item_draft

set gate = 'target'

where gate is null
    and not approved
    and spend_id in (select spend_id from diff where elsewhere is not null)
