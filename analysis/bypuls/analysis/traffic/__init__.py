"""Traffic engineering on speeds and counts: what a speed report states, beside the percentiles of `speed` and
`histogram`."""
