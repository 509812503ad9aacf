-- When a person decided on a delivery last, null = never.
select max(decided_at) as decided_at from delivery.decisions
