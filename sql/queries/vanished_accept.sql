-- Accepts what runs have listed, and nothing that vanishes later.
update raw.vanished

set
    who = $who,
    note = $note,
    accepted_at = $now

where source = $source
    and stream = $stream
    and accepted_at is null
