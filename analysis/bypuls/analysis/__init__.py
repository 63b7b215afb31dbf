"""The methods: pure numpy and scipy by topic. No I/O, no clock, no settings; what is missing is unknown, never zero."""
