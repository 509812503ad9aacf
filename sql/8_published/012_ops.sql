create schema ops
