"""A database as years of work leave it, made by a dozen large INSERTs: for measurements and for trying things out."""

from incidents.bulk_data.filling import TABLES, NotEmpty, fill

__all__ = ["TABLES", "NotEmpty", "fill"]
