-- The newest run, up to the given one, whose totals say what spend there is;
-- null if there is none.
select max(run_id) as run_id

from ops.control_totals

where run_id <= $run_id
    and step = 'canonical'
