set global autoinstall_known_extensions = $value
