"""Groups of lamps are registered, and single lamps may have dimming profiles of their own."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0015_lamp_groups"
down_revision = "0014_citizen_reports"
branch_labels = None
depends_on = None

_ID = sa.String(length=63)
_REFERENCE = (
    ", CONSTRAINT fk_lamp_lamp_group FOREIGN KEY(lamp_group) REFERENCES lamp_group (id) DEFERRABLE INITIALLY DEFERRED"
)


def _refers(column: str, to: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(name), initially="DEFERRED", deferrable=True)


def upgrade() -> None:
    """New tables; the groups that lamps and profiles name already are registered by their ids."""
    op.create_table(
        "lamp_group",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("cabinet", _ID, nullable=True),
        sa.Column("site", _ID, nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _refers("cabinet", "cabinet", "fk_lamp_group_cabinet"),
        _refers("site", "site", "fk_lamp_group_site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lamp_group")),
    )
    op.create_index("ix_lamp_group_cabinet", "lamp_group", ["cabinet"])
    op.create_index("ix_lamp_group_site", "lamp_group", ["site"])
    op.execute(
        "INSERT INTO lamp_group (id, name) SELECT lamp_group, lamp_group FROM lamp WHERE lamp_group IS NOT NULL "
        "UNION SELECT lamp_group, lamp_group FROM dimming_profile"
    )
    op.create_table(
        "lamp_profile",
        sa.Column("lamp", _ID, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_lamp_profile_period")),
        _refers("lamp", "lamp", "fk_lamp_profile_lamp"),
        sa.PrimaryKeyConstraint("lamp", "valid_from", name=op.f("pk_lamp_profile")),
    )
    with op.batch_alter_table("dimming_profile") as table:
        table.create_foreign_key(
            op.f("fk_dimming_profile_lamp_group"), "lamp_group", ["lamp_group"], ["id"],
            initially="DEFERRED", deferrable=True,
        )  # fmt: skip
    if op.get_bind().dialect.name == "sqlite":
        _lamp_again(lambda told: f"{told.rstrip()[:-1]}{_REFERENCE})")
    else:
        op.create_foreign_key(
            op.f("fk_lamp_lamp_group"), "lamp", "lamp_group", ["lamp_group"], ["id"],
            initially="DEFERRED", deferrable=True,
        )  # fmt: skip


def downgrade() -> None:
    """Takes them away."""
    if op.get_bind().dialect.name == "sqlite":
        _lamp_again(lambda told: told.replace(_REFERENCE, ""))
    else:
        op.drop_constraint(op.f("fk_lamp_lamp_group"), "lamp", type_="foreignkey")
    with op.batch_alter_table("dimming_profile") as table:
        table.drop_constraint(op.f("fk_dimming_profile_lamp_group"), type_="foreignkey")
    op.drop_table("lamp_profile")
    op.drop_table("lamp_group")


def _lamp_again(definition: Callable[[str], str]) -> None:
    """Writes the table anew as SQLite has it to be for another constraint. Alembic's batch would drop the table while
    others refer to its rows; here they come back under the same name, before the commit looks at the references."""
    told = sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'lamp' AND type = :type AND sql IS NOT NULL")
    connection = op.get_bind()
    (table,) = connection.scalars(told, {"type": "table"})
    indices = list(connection.scalars(told, {"type": "index"}))
    op.execute("CREATE TABLE lamp_before AS SELECT * FROM lamp")
    op.execute("DROP TABLE lamp")
    for statement in (definition(table), *indices):
        op.execute(statement)
    op.execute("INSERT INTO lamp SELECT * FROM lamp_before")
    op.execute("DROP TABLE lamp_before")
