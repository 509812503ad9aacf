set global autoload_known_extensions = $value
