-- Names that someone made to do harm: markup, a formula, a text that turns
-- its direction, one without a place to break. They spend most.
update canonical.spend

set vendor = $vendor

where record_id::integer % 4 = $rest
    and vendor in ('Figma', 'WeWork', 'Uber', 'Zoom')
