"""The databases of a world's PostgreSQL: looked into by plain SQL, and copied as a backup would be."""

import psycopg


class Databases:
    def __init__(self, postgres):
        self._postgres = postgres

    def url(self, name):
        return self._postgres.url.replace("+psycopg", "").removesuffix("lms") + name

    def create(self, name):
        self.sql("lms", f"CREATE DATABASE {name}")

    def copy(self, source, target):
        """`target` becomes what `source` is; whoever is connected to either is cut off."""
        self.sql("lms", f"SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = '{source}'")  # of who was killed
        self.sql("lms", f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        self.sql("lms", f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy")

    def sql(self, name, statement):
        """The rows; None of a statement that has none to give."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None
