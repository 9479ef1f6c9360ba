"""Commands for those who write the course; none of them is part of the package."""
