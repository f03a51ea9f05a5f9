"""The web application: routes, pages, the REST API."""
