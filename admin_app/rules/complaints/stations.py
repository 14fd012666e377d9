"""Where a complaint stands (DOMAIN §3.2): which of them are still being handled."""

from __future__ import annotations

import sqlalchemy as sa

from admin_app.models import Complaint

# Not closed. Written out, without a parameter: only so does a database see that ix_complaint_open holds them all.
OPEN = Complaint.state != sa.literal_column("'closed'")
