"""Reports: what a person signs. Built from data alone, rendered to several forms."""
