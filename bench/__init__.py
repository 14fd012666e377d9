"""How fast the main tasks are on a large store, measured through HTTP (see README.md here)."""
