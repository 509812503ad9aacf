delete from ops.published
