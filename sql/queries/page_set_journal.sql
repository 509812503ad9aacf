update raw.pages

set journal = $journal

where source = $source
    and journal is null
