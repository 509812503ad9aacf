set global preserve_insertion_order = false
