"""Where stages compute, by whom, and what they tell and ask of whoever runs them."""
