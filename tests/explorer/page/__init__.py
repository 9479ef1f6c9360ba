"""What a reader does with an explorer of a page, and what it shows, in one browser."""
