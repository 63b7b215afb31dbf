"""Dashboards as code: pure builders of classic Grafana JSON, the data source, and pushing them to a Grafana.

They read the store's InfluxDB; nothing here talks to it, Grafana does.
"""
