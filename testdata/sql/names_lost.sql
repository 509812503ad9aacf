delete from ops.vendor_names
