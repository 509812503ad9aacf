-- Gives a page up whose file was damaged before its records landed.
update raw.pages

set
    outcome = 'damaged',
    message = $message

where page_id = $page_id
