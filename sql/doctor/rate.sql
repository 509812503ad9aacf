-- canonical.fx_rates as the doctor looks at it.

-- name: newest
-- How far the reference rates reach, null without any.
select max(valid_on) as newest from canonical.fx_rates;
