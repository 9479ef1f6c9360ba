"""What the live figures of pages share: markup, one file to send, the loader, and JavaScript."""
