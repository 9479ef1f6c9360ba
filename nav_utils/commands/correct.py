"""`nav-utils correct`: correct a file of codes into another, see `nav_utils.correct_file`."""

from nav_utils.correct_file import carry_out as run

__all__ = ["run"]
