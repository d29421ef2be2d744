"""The verdict: which fitted candidates are laws, and how many are independent."""
