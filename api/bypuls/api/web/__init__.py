"""The web page: templates, their languages, and the routes that fill them."""
