-- Lets go of what a gate held: the question it asked is answered.
delete from delivery.holds where gate = $gate
