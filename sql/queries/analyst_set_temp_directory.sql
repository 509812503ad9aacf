-- Nothing is spilled to disk, so that no folder must be writable.
set global temp_directory = ''
