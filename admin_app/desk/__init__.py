"""The generated screens: declarations in, list, filters, form, details, export out."""

from __future__ import annotations

from admin_app.desk.filters import list_address
from admin_app.desk.roads import Bulk, DeskView
from admin_app.desk.view import Quick, details_page

__all__ = ["Bulk", "DeskView", "Quick", "details_page", "list_address"]
