"""What a store starts with: YAML files read by admin_app/starting.py, and the demo store."""
