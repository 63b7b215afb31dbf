"""CO₂: accounts, targets with their status and forecast, and measures. What is missing is unknown, never zero."""
