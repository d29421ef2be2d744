"""The store: run folders, what their files hold, and finished pieces."""
