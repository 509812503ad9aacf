create schema delivery
