-- The pages of passes before the given one, which a later pass has replaced:
-- nothing of them becomes a record. What has landed already stays.
update raw.pages

set outcome = 'superseded'

where read_id = $read_id
    and outcome = 'page'
    and not landed
    and pass < $pass
