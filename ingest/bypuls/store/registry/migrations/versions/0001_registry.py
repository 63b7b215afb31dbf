"""The registry as first released: places, equipment, accounts, access."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_registry"
down_revision = None
branch_labels = None
depends_on = None


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, initially="DEFERRED", deferrable=True)


def _check(name: str, sql: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(sql, name=op.f(name))


def _at_most_one(*columns: str) -> str:
    return " + ".join(f"(CASE WHEN {column} IS NULL THEN 0 ELSE 1 END)" for column in columns) + " <= 1"


def upgrade() -> None:
    """Every table of the first release, and the one row that counts changes."""
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=63), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        _check("ck_api_key_period", "expires IS NULL OR expires > created"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("t", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=63), nullable=False),
        sa.Column("entity", sa.String(length=63), nullable=False),
        sa.Column("entity_id", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_t", "audit", ["t"])

    op.create_table(
        "building",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("use", sa.String(length=63), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("built_year", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check(
            "ck_building_use",
            "use IN ('housing', 'office', 'culture', 'education', 'hospital', 'day-care', 'sports', 'other')",
        ),
        _check("ck_building_built_year", "built_year >= 1800 AND built_year <= 2200"),
        _check("ck_building_lat", "lat >= -90 AND lat <= 90"),
        _check("ck_building_lon", "lon >= -180 AND lon <= 180"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
    )
    op.create_table(
        "calorific_value",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("basis", sa.String(length=63), nullable=False),
        sa.Column("kwh_per_m3", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        _check("ck_calorific_value_basis", "basis IN ('lower', 'upper')"),
        _check("ck_calorific_value_kwh_per_m3", "kwh_per_m3 > 0 AND kwh_per_m3 <= 50"),
        sa.PrimaryKeyConstraint("valid_from", "basis", name=op.f("pk_calorific_value")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_device_lat", "lat >= -90 AND lat <= 90"),
        _check("ck_device_lon", "lon >= -180 AND lon <= 180"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_table(
        "dimming_profile",
        sa.Column("lamp_group", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=False),
        _check("ck_dimming_profile_period", "valid_to IS NULL OR valid_to > valid_from"),
        sa.PrimaryKeyConstraint("lamp_group", "valid_from", name=op.f("pk_dimming_profile")),
    )
    op.create_table(
        "factor",
        sa.Column("factor_set", sa.String(length=63), nullable=False),
        sa.Column("version", sa.String(length=63), nullable=False),
        sa.Column("carrier", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.String(length=63), nullable=False),
        sa.Column("gas", sa.String(length=63), nullable=False),
        sa.Column("method", sa.String(length=63), nullable=False),
        sa.Column("area", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.String(length=63), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.String(length=63), nullable=False),
        sa.Column("loss_included", sa.Boolean(), nullable=True),
        sa.Column("basis", sa.String(length=63), nullable=True),
        sa.Column("purpose", sa.String(length=63), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        _check("ck_factor_basis", "basis IN ('lower', 'upper')"),
        _check("ck_factor_gas", "gas IN ('CO2', 'CO2e')"),
        _check("ck_factor_purpose", "purpose IN ('accounts', 'scenario')"),
        _check("ck_factor_scope", "scope IN ('1', '2-location', '2-market', '3', '1+3', 'life-cycle')"),
        _check("ck_factor_step", "step IN ('hour', 'month', 'year')"),
        _check("ck_factor_unit", "unit IN ('kg/kWh', 'kg/m3', 'kg/l')"),
        _check("ck_factor_period", "valid_to IS NULL OR valid_to > valid_from"),
        _check("ck_factor_value", "value >= -10 AND value <= 100"),
        sa.PrimaryKeyConstraint(
            "factor_set", "version", "carrier", "scope", "gas", "method", "area", "valid_from", name=op.f("pk_factor")
        ),
    )
    op.create_table(
        "price",
        sa.Column("medium", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("unit", sa.String(length=63), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        _check("ck_price_medium", "medium IN ('electricity', 'heat', 'gas', 'water')"),
        _check("ck_price_unit", "unit IN ('dkk_per_kwh', 'dkk_per_m3')"),
        _check("ck_price_period", "valid_to IS NULL OR valid_to > valid_from"),
        _check("ck_price_value", "value >= -1000 AND value <= 100000"),
        sa.PrimaryKeyConstraint("medium", "valid_from", name=op.f("pk_price")),
    )
    op.create_table(
        "registry_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _check("ck_registry_version_single", "id = 1"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_version")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=True),
        sa.Column("road_class", sa.String(length=63), nullable=True),
        sa.Column("school_way", sa.Boolean(), nullable=True),
        sa.Column("lanes", sa.Integer(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("geometry", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_site_lanes", "lanes >= 1 AND lanes <= 20"),
        _check("ck_site_lat", "lat >= -90 AND lat <= 90"),
        _check("ck_site_lon", "lon >= -180 AND lon <= 180"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "target",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("base_year", sa.Integer(), nullable=True),
        sa.Column("base_tonnes", sa.Double(), nullable=True),
        sa.Column("reduction", sa.Double(), nullable=False),
        sa.Column("target_year", sa.Integer(), nullable=False),
        sa.Column("gas", sa.String(length=63), nullable=False),
        sa.Column("method", sa.String(length=63), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_target_gas", "gas IN ('CO2', 'CO2e')"),
        _check("ck_target_kind", "kind IN ('geography', 'organisation', 'lighting', 'building')"),
        _check("ck_target_base_tonnes", "base_tonnes > 0 AND base_tonnes <= 1000000000"),
        _check("ck_target_base_year", "base_year >= 1800 AND base_year <= 2200"),
        _check("ck_target_reduction", "reduction >= 0 AND reduction <= 1"),
        _check("ck_target_years", "target_year > base_year"),
        _check("ck_target_target_year", "target_year >= 1800 AND target_year <= 2200"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
    )
    op.create_table(
        "cabinet",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("site", sa.String(length=63), nullable=True),
        sa.Column("lamp_count", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_cabinet_lamp_count", "lamp_count >= 0 AND lamp_count <= 1000000"),
        _check("ck_cabinet_lat", "lat >= -90 AND lat <= 90"),
        _check("ck_cabinet_lon", "lon >= -180 AND lon <= 180"),
        _refers("cabinet", "site", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cabinet")),
    )
    op.create_index("ix_cabinet_site", "cabinet", ["site"])

    op.create_table(
        "heated_area",
        sa.Column("building", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        _check("ck_heated_area_area_m2", "area_m2 > 0 AND area_m2 <= 10000000"),
        _refers("heated_area", "building", "building"),
        sa.PrimaryKeyConstraint("building", "valid_from", name=op.f("pk_heated_area")),
    )
    op.create_table(
        "non_routine_event",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("building", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_non_routine_event_period", "valid_to IS NULL OR valid_to > valid_from"),
        _refers("non_routine_event", "building", "building"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_non_routine_event")),
    )
    op.create_index("ix_non_routine_event_building", "non_routine_event", ["building"])

    op.create_table(
        "speed_limit",
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("direction", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("limit_kmh", sa.Integer(), nullable=False),
        _check("ck_speed_limit_direction", "direction IN ('toward', 'away', 'both')"),
        _check("ck_speed_limit_limit_kmh", "limit_kmh >= 5 AND limit_kmh <= 150"),
        _check("ck_speed_limit_period", "valid_to IS NULL OR valid_to > valid_from"),
        _refers("speed_limit", "site", "site"),
        sa.PrimaryKeyConstraint("site", "direction", "valid_from", name=op.f("pk_speed_limit")),
    )
    op.create_table(
        "intervention",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=True),
        sa.Column("building", sa.String(length=63), nullable=True),
        sa.Column("cabinet", sa.String(length=63), nullable=True),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_intervention_one_asset", _at_most_one("site", "building", "cabinet")),
        _refers("intervention", "building", "building"),
        _refers("intervention", "cabinet", "cabinet"),
        _refers("intervention", "site", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intervention")),
    )
    op.create_index("ix_intervention_building", "intervention", ["building"])
    op.create_index("ix_intervention_cabinet", "intervention", ["cabinet"])
    op.create_index("ix_intervention_site", "intervention", ["site"])

    op.create_table(
        "lamp",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("cabinet", sa.String(length=63), nullable=True),
        sa.Column("site", sa.String(length=63), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("watt", sa.Double(), nullable=True),
        sa.Column("lamp_type", sa.String(length=63), nullable=True),
        sa.Column("pole_height_m", sa.Double(), nullable=True),
        sa.Column("lighting_class", sa.String(length=63), nullable=True),
        sa.Column("road_class", sa.String(length=63), nullable=True),
        sa.Column("school_way", sa.Boolean(), nullable=True),
        sa.Column("cycle_path", sa.Boolean(), nullable=True),
        sa.Column("lamp_group", sa.String(length=63), nullable=True),
        sa.Column("installed", sa.Date(), nullable=True),
        _check("ck_lamp_lat", "lat >= -90 AND lat <= 90"),
        _check("ck_lamp_lon", "lon >= -180 AND lon <= 180"),
        _check("ck_lamp_pole_height_m", "pole_height_m > 0 AND pole_height_m <= 100"),
        _check("ck_lamp_watt", "watt > 0 AND watt <= 5000"),
        _refers("lamp", "cabinet", "cabinet"),
        _refers("lamp", "site", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lamp")),
    )
    op.create_index("ix_lamp_cabinet", "lamp", ["cabinet"])
    op.create_index("ix_lamp_lamp_group", "lamp", ["lamp_group"])
    op.create_index("ix_lamp_site", "lamp", ["site"])

    op.create_table(
        "sensor",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=True),
        sa.Column("building", sa.String(length=63), nullable=True),
        sa.Column("cabinet", sa.String(length=63), nullable=True),
        sa.Column("lamp", sa.String(length=63), nullable=True),
        sa.Column("medium", sa.String(length=63), nullable=True),
        sa.Column("interval_s", sa.Double(), nullable=True),
        sa.Column("parent", sa.String(length=63), nullable=True),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("multiplier", sa.Double(), nullable=False),
        sa.Column("serial", sa.String(length=63), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        _check("ck_sensor_kind", "kind IN ('lamp', 'passage', 'traffic_bin', 'meter', 'cabinet', 'weather', 'health')"),
        _check("ck_sensor_medium", "medium IN ('electricity', 'heat', 'gas', 'water')"),
        _check("ck_sensor_medium_of_meter", "medium IS NULL OR kind = 'meter'"),
        _check("ck_sensor_one_asset", _at_most_one("site", "building", "cabinet", "lamp")),
        _check("ck_sensor_interval_s", "interval_s > 0 AND interval_s <= 31622400"),
        _check("ck_sensor_multiplier", "multiplier > 0 AND multiplier <= 1000000"),
        _check("ck_sensor_parent_is_other", "parent IS NULL OR parent <> id"),
        _check("ck_sensor_sign", "sign IN (1, -1)"),
        _check("ck_sensor_period", "valid_to IS NULL OR valid_to > valid_from"),
        _refers("sensor", "building", "building"),
        _refers("sensor", "cabinet", "cabinet"),
        _refers("sensor", "device", "device"),
        _refers("sensor", "lamp", "lamp"),
        _refers("sensor", "parent", "sensor"),
        _refers("sensor", "site", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sensor")),
    )
    op.create_index("ix_sensor_building", "sensor", ["building"])
    op.create_index("ix_sensor_cabinet", "sensor", ["cabinet"])
    op.create_index("ix_sensor_device", "sensor", ["device"])
    op.create_index("ix_sensor_lamp", "sensor", ["lamp"])
    op.create_index("ix_sensor_parent", "sensor", ["parent"])
    op.create_index("ix_sensor_site", "sensor", ["site"])

    op.create_table(
        "calibration",
        sa.Column("sensor", sa.String(length=63), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("angle_deg", sa.Double(), nullable=False),
        sa.Column("angle_uncertainty_deg", sa.Double(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _check("ck_calibration_angle_deg", "angle_deg >= 0 AND angle_deg <= 89"),
        _check("ck_calibration_angle_uncertainty_deg", "angle_uncertainty_deg >= 0 AND angle_uncertainty_deg <= 45"),
        _check("ck_calibration_period", "expires IS NULL OR expires > valid_from"),
        _refers("calibration", "sensor", "sensor"),
        sa.PrimaryKeyConstraint("sensor", "valid_from", name=op.f("pk_calibration")),
    )
    op.execute("INSERT INTO registry_version (id, version) VALUES (1, 0)")


def downgrade() -> None:
    """Drop them all."""
    op.drop_table("calibration")
    op.drop_table("sensor")
    op.drop_table("lamp")
    op.drop_table("intervention")
    op.drop_table("speed_limit")
    op.drop_table("non_routine_event")
    op.drop_table("heated_area")
    op.drop_table("cabinet")
    op.drop_table("target")
    op.drop_table("site")
    op.drop_table("registry_version")
    op.drop_table("price")
    op.drop_table("factor")
    op.drop_table("dimming_profile")
    op.drop_table("device")
    op.drop_table("calorific_value")
    op.drop_table("building")
    op.drop_table("audit")
    op.drop_table("api_key")
