use published
