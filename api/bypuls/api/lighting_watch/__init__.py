"""The learned inference of lamps' faults, on live readings: `feed` puts the store's bins on the grid, `watch` keeps
what was learned and goes on by each quarter, `view` is what pages and alarms read of it."""
