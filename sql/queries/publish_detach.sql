detach published
