-- The pages of passes before the given one, which a later pass has replaced:
-- nothing of them becomes a record.
update raw.pages

set outcome = 'superseded'

where read_id = $read_id
    and outcome = 'page'
    and pass < $pass
