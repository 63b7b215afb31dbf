"""Results: the official figures, worked out again and again and laid down where dashboards read them.

Nothing is computed here that isn't computed for pages and reports: each job asks the same functions.
"""
