update delivery.marker set load_no = $load_no
