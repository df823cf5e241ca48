"""Persons as columns, and what a month does to them."""
