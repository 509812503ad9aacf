delete from ops.files where key = $key
