-- What a person approved passes every gate but those of the folder, exactly as
-- it was listed.
update item_draft

set approved = true

where (target, key, md5(payload)) in (
    select (target, key, payload_hash) from delivery.approvals
)
