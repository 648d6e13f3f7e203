"""What starting a meeting needs beyond its first form. Only adds, so that the code before it goes on while this is rolled out."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
