"""What a building's meters come to, and the portfolio: assembled from quarter-hour bins, in local days and hours.

Unknown stays unknown and says why (`reasons`). Nothing here draws or translates: `reports.building` does."""
